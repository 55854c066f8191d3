/**
 * Runs one step of a plan on live servers and verifies it there. Used by execute.ts, which knows
 * the order; nothing here decides what comes next, and nothing rejects for what servers do.
 */
import type { Address } from '../../instance/address.ts';
import type { Instance } from '../../instance/connection.ts';
import { failed, ok, type Outcome } from '../../instance/failure.ts';
import { readReplication } from '../../instance/report.ts';
import {
  configRewrite,
  configSet,
  failoverAbort,
  failoverTo,
  replicaofNobody,
  replicaofNoOne,
  replicaofUpstream,
  unpause,
} from '../../instance/verbs.ts';
import type { ReplicationInfo } from '../../protocol/info.ts';
import { type Clock, pause } from '../../util/clock.ts';
import { awaitLink, type CopyProgress } from './await-link.ts';
import { changeAndVerify } from './change-and-verify.ts';
import { standStill, type InStep } from './stand-still.ts';
import { sharesHistory, type NodeId } from '../model.ts';
import { heldPingPeriod, type Step, type StepOutcome } from '../plan/step.ts';
import { WriteHold } from './write-hold.ts';

/** Between two looks at a server that we wait for: short while writers wait too. */
const pollPeriodMs = 20;
const heldPollPeriodMs = 1;

/** Nearly in step: what a replica reads and applies within a few milliseconds. */
const nearlyBytes = 65_536;

const pingSetting = 'repl-ping-replica-period';

export interface StepRunnerOptions {
  /** The connection to a node of the plan; undefined where there is none. */
  readonly instanceOf: (node: NodeId) => Instance | undefined;
  /** For each wait. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Told while a full copy is waited for. */
  readonly onCopy?: (progress: CopyProgress) => void;
}

/** Runs steps, and knows what must be undone in the end. */
export class StepRunner {
  readonly #options: StepRunnerOptions;
  readonly #held = new Map<NodeId, WriteHold>();
  /** Of a master whose writes are held: who is in step with it, and at which offset. */
  readonly #inStep = new Map<NodeId, InStep>();
  readonly #heldPings = new Map<NodeId, number>();
  /** Nodes that stand still, and whom they followed. */
  readonly #detached = new Map<NodeId, Address>();
  #heldAtMs: number | undefined;
  #writeGapMs: number | undefined;

  constructor(options: StepRunnerOptions) {
    this.#options = options;
  }

  /** From holding the old master's writes until the new one took them; undefined before that. */
  get writeGapMs(): number | undefined {
    return this.#writeGapMs;
  }

  async run(step: Step): Promise<StepOutcome> {
    const { instanceOf } = this.#options;
    const instance = instanceOf(step.node);
    if (instance === undefined) return { kind: 'failed', message: 'no connection' };
    switch (step.kind) {
      case 'hold-pings':
        this.#heldPings.set(step.node, step.period);
        return asStep(await configSet(instance, pingSetting, heldPingPeriod));
      case 'restore-pings':
        this.#heldPings.delete(step.node);
        return asStep(await configSet(instance, pingSetting, step.period));
      case 'hold-writes':
        return this.#holdWrites(step.node, instance);
      case 'await-nearly-in-step':
        return this.#awaitInStep(step, 'nearly');
      case 'await-in-step':
        return this.#awaitInStep(step, 'to the byte');
      case 'detach':
        this.#detached.set(step.node, step.from);
        return changeAndVerify(instance, replicaofNobody(instance), {
          isSo: ({ upstream }) => upstream?.linkStatus === 'down',
          otherwise: 'it still follows somebody',
        });
      case 'follow':
        this.#detached.delete(step.node);
        return this.#follow(instance, step);
      case 'follow-no-one':
        return this.#becomeMaster(instance);
      case 'failover':
        return this.#failOver(instance, step);
      case 'release-writes': {
        const hold = this.#held.get(step.node);
        this.#held.delete(step.node);
        // Without a hold of ours it is one that a change that was broken off has left.
        return asStep(await (hold?.release() ?? unpause(instance)));
      }
      case 'await-link':
        return this.#awaitLink(instance, step);
      case 'rewrite-config':
        return asStep(await configRewrite(instance));
      default: {
        const never: never = step;
        return never;
      }
    }
  }

  /** Writers first: they wait. Where a connection is gone, the server lifts the hold by itself. */
  async releaseAll(): Promise<void> {
    for (const hold of this.#held.values()) await hold.release();
    for (const [id, from] of this.#detached) {
      await this.#undo(id, (instance) => replicaofUpstream(instance, from));
    }
    for (const [id, period] of this.#heldPings) {
      await this.#undo(id, (instance) => configSet(instance, pingSetting, period));
    }
    this.#held.clear();
    this.#detached.clear();
    this.#heldPings.clear();
  }

  async #undo(id: NodeId, undo: (instance: Instance) => Promise<unknown>): Promise<void> {
    const instance = this.#options.instanceOf(id);
    if (instance !== undefined) await undo(instance);
  }

  async #holdWrites(id: NodeId, instance: Instance): Promise<StepOutcome> {
    const hold = new WriteHold(instance, this.#options);
    this.#held.set(id, hold);
    this.#heldAtMs = hold.beganAtMs;
    return asStep(await hold.begin());
  }

  async #follow(
    instance: Instance,
    { node, upstream }: Extract<Step, { kind: 'follow' }>,
  ): Promise<StepOutcome> {
    const hold = this.#held.get(node);
    if (hold?.isSure === false) return { kind: 'failed', message: holdOverText };
    const inStep = hold && this.#inStep.get(node);
    const stands = inStep && (await standStill(instance, inStep, this.#options));
    if (stands?.kind === 'failed') return stands;
    return changeAndVerify(instance, replicaofUpstream(instance, upstream), {
      isSo: (now) => follows(now, upstream),
      otherwise: 'it follows somebody else',
    });
  }

  /**
   * To the byte: `ahead` must stand still, its writes are held or it is detached. Nearly: little is
   * missing, and nothing of what `ahead` had at the look before. A replica that has just loaded a full
   * copy gets nothing more for up to a second, and would have writers wait for that.
   */
  async #awaitInStep(
    { node, also, with: ahead }: Extract<Step, { also: readonly NodeId[] }>,
    how: 'nearly' | 'to the byte',
  ): Promise<StepOutcome> {
    let missing: number | undefined;
    let lookBefore: number | undefined;
    const inStep = await this.#poll(async () => {
      const [wanted, ...others] = await Promise.all(
        [ahead, node, ...also].map((id) => this.#look(id)),
      );
      if (wanted.kind === 'failed') return wanted;
      const offset = wanted.value.masterReplOffset;
      const nearly = Math.max(offset - nearlyBytes, lookBefore ?? offset);
      lookBefore = offset;
      missing = 0;
      this.#inStep.set(ahead, { nodes: [node, ...also], offset });
      for (const own of others) {
        if (own.kind === 'failed') return own;
        const isOurs = sharesHistory(own.value, wanted.value);
        const behind = offset - own.value.masterReplOffset;
        missing = isOurs && missing !== undefined ? Math.max(missing, behind) : undefined;
      }
      const enough = how === 'nearly' ? nearly : offset;
      return ok(missing !== undefined && missing <= offset - enough);
    });
    if (inStep.kind === 'failed') return { kind: 'failed', message: inStep.failure.message };
    if (inStep.value) return { kind: 'ok' };
    const { timeoutMs } = this.#options;
    const what = missing === undefined ? 'another history' : `${missing} bytes missing`;
    return { kind: 'failed', message: `still behind after ${timeoutMs} ms (${what})` };
  }

  async #look(id: NodeId): Promise<Outcome<ReplicationInfo>> {
    const instance = this.#options.instanceOf(id);
    return instance === undefined
      ? failed('unreachable', 'no connection')
      : readReplication(instance);
  }

  #awaitLink(
    instance: Instance,
    { node, upstream, of }: Extract<Step, { kind: 'await-link' }>,
  ): Promise<StepOutcome> {
    const { instanceOf, clock, timeoutMs, onCopy = () => {} } = this.#options;
    const above = of === undefined ? undefined : instanceOf(of);
    return awaitLink({ node, instance, above, upstream, clock, timeoutMs, onCopy });
  }

  async #becomeMaster(instance: Instance): Promise<StepOutcome> {
    const outcome = await changeAndVerify(instance, replicaofNoOne(instance), {
      isSo: ({ role }) => role === 'master',
      otherwise: 'it is no master',
    });
    if (outcome.kind === 'ok' && this.#heldAtMs !== undefined) {
      this.#writeGapMs = this.#options.clock.monotonic() - this.#heldAtMs;
    }
    return outcome;
  }

  /** The server's own handover. Its time limit covers only the first part; ours covers all of it. */
  async #failOver(
    instance: Instance,
    { to, upstream }: Extract<Step, { kind: 'failover' }>,
  ): Promise<StepOutcome> {
    const { timeoutMs } = this.#options;
    const started = await failoverTo(instance, upstream, { timeoutMs });
    if (started.kind === 'failed') return asStep(started);
    let state = 'is still under way';
    const handedOver = await this.#poll(async () => {
      const [old, target] = await Promise.all([readReplication(instance), this.#look(to)]);
      if (old.kind === 'failed') return old;
      if (target.kind === 'failed') return target;
      const isOver = old.value.masterFailoverState === 'no-failover';
      if (isOver && old.value.role === 'master') state = 'was given up by the server';
      return ok(isOver && old.value.role === 'replica' && target.value.role === 'master');
    });
    if (handedOver.kind === 'ok' && handedOver.value) return { kind: 'ok' };
    await failoverAbort(instance);
    const message = handedOver.kind === 'failed' ? handedOver.failure.message : `FAILOVER ${state}`;
    return { kind: 'failed', message };
  }

  /** Asks until the answer is yes, an error, or the timeout has passed (which is no). */
  async #poll(ask: () => Promise<Outcome<boolean>>): Promise<Outcome<boolean>> {
    const { clock, timeoutMs } = this.#options;
    const until = clock.monotonic() + timeoutMs;
    for (;;) {
      const answer = await ask();
      if (answer.kind === 'failed' || answer.value) return answer;
      if (clock.monotonic() >= until) return ok(false);
      const periodMs = this.#held.size > 0 ? heldPollPeriodMs : pollPeriodMs;
      await pause(clock, periodMs);
    }
  }
}

const holdOverText =
  'its writes may not be held any more (repl was stopped, or the server was busy): too late to demote it';

function asStep(outcome: Outcome<void>): StepOutcome {
  return outcome.kind === 'ok'
    ? { kind: 'ok' }
    : { kind: 'failed', message: outcome.failure.message };
}

function follows({ upstream }: ReplicationInfo, address: Address): boolean {
  return upstream?.host === address.host && upstream.port === address.port;
}
