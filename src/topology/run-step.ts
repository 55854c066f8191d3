/**
 * Runs one step of a plan on live servers and verifies it there. Used by execute.ts, which knows
 * the order; nothing here decides what comes next, and nothing rejects for what servers do.
 */
import type { Address } from '../instance/address.ts';
import type { Instance } from '../instance/connection.ts';
import { ok, type Outcome } from '../instance/failure.ts';
import { readReplication } from '../instance/report.ts';
import {
  configRewrite,
  pauseWrites,
  replicaofNoOne,
  replicaofUpstream,
  unpause,
} from '../instance/verbs.ts';
import type { ReplicationInfo } from '../protocol/info.ts';
import type { Clock } from '../util/clock.ts';
import type { NodeId } from './model.ts';
import type { Step, StepOutcome } from './step.ts';

/**
 * Writes are held this many timeouts long at most: one for being in step, one for a reply that
 * comes late, one for the demotion, and one to spare. The server lifts the hold by itself then,
 * also when this process is gone.
 */
const holdTimeouts = 4;

/** Between two looks at a server that we wait for. A hold lasts as long as we look. */
const pollPeriodMs = 2;

export interface StepRunnerOptions {
  /** The connection to a node of the plan; undefined where there is none. */
  readonly instanceOf: (node: NodeId) => Instance | undefined;
  /** For each wait. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Runs steps, and knows what must be undone in the end. */
export class StepRunner {
  readonly #options: StepRunnerOptions;
  readonly #held = new Set<NodeId>();
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
      case 'hold-writes':
        return this.#holdWrites(step.node, instance);
      case 'await-in-step':
        return this.#awaitInStep(instance, instanceOf(step.with));
      case 'follow':
        return asStep(await replicaofUpstream(instance, step.upstream), () =>
          verify(instance, (now) => follows(now, step.upstream), 'it follows somebody else'),
        );
      case 'follow-no-one':
        return asStep(await replicaofNoOne(instance), () => this.#verifyMaster(instance));
      case 'release-writes':
        this.#held.delete(step.node);
        return asStep(await unpause(instance));
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

  /** Where the connection is gone too, the server lifts the hold by itself. */
  async releaseAll(): Promise<void> {
    for (const id of this.#held) {
      const instance = this.#options.instanceOf(id);
      if (instance !== undefined) await unpause(instance);
    }
    this.#held.clear();
  }

  async #holdWrites(id: NodeId, instance: Instance): Promise<StepOutcome> {
    // Also when no reply comes: the command may have arrived.
    this.#held.add(id);
    this.#heldAtMs = this.#options.clock.monotonic();
    return asStep(await pauseWrites(instance, Math.ceil(this.#options.timeoutMs * holdTimeouts)));
  }

  async #awaitInStep(replica: Instance, master: Instance | undefined): Promise<StepOutcome> {
    if (master === undefined) return { kind: 'failed', message: 'no connection' };
    let missing = 'an answer';
    const inStep = await this.#poll(async () => {
      // The master first: what it has now, the replica must have after.
      const [above, own] = [await readReplication(master), await readReplication(replica)];
      if (above.kind === 'failed') return above;
      if (own.kind === 'failed') return own;
      if (above.value.masterReplid !== own.value.masterReplid) return ok(false);
      missing = `${above.value.masterReplOffset - own.value.masterReplOffset} bytes`;
      return ok(own.value.masterReplOffset >= above.value.masterReplOffset);
    });
    if (inStep.kind === 'failed') return { kind: 'failed', message: inStep.failure.message };
    if (inStep.value) return { kind: 'ok' };
    const { timeoutMs } = this.#options;
    return { kind: 'failed', message: `still behind after ${timeoutMs} ms (${missing} missing)` };
  }

  /** Up, and in the upstream's own history: a link that is about to be dropped is not it. */
  async #awaitLink(
    instance: Instance,
    { upstream, of }: Extract<Step, { kind: 'await-link' }>,
  ): Promise<StepOutcome> {
    const above = of === undefined ? undefined : this.#options.instanceOf(of);
    let seen: ReplicationInfo | undefined;
    const linked = await this.#poll(async () => {
      const own = await readReplication(instance);
      if (own.kind === 'failed') return own;
      seen = own.value;
      if (!follows(seen, upstream) || seen.upstream?.linkStatus !== 'up') return ok(false);
      const theirs = above === undefined ? own : await readReplication(above);
      return theirs.kind === 'failed'
        ? theirs
        : ok(theirs.value.masterReplid === seen.masterReplid);
    });
    // Loading what it was just sent, a server may answer nothing for a while.
    if (linked.kind === 'failed') return { kind: 'pending', message: linked.failure.message };
    if (linked.value) return { kind: 'ok' };
    const syncing = seen?.upstream?.syncInProgress === true;
    return {
      kind: 'pending',
      message: syncing ? 'a full copy is under way' : 'the link is not up yet',
    };
  }

  async #verifyMaster(instance: Instance): Promise<StepOutcome> {
    const verified = await verify(instance, ({ role }) => role === 'master', 'it is no master');
    if (verified.kind === 'ok' && this.#heldAtMs !== undefined) {
      this.#writeGapMs = this.#options.clock.monotonic() - this.#heldAtMs;
    }
    return verified;
  }

  /** Asks until the answer is yes, an error, or the timeout has passed (which is no). */
  async #poll(ask: () => Promise<Outcome<boolean>>): Promise<Outcome<boolean>> {
    const { clock, timeoutMs } = this.#options;
    const until = clock.monotonic() + timeoutMs;
    for (;;) {
      const answer = await ask();
      if (answer.kind === 'failed' || answer.value) return answer;
      if (clock.monotonic() >= until) return ok(false);
      await new Promise<void>((resolve) => void clock.schedule(pollPeriodMs, resolve));
    }
  }
}

async function asStep(
  outcome: Outcome<void>,
  verifyAfter: () => Promise<StepOutcome> = () => Promise.resolve({ kind: 'ok' }),
): Promise<StepOutcome> {
  if (outcome.kind === 'failed') return { kind: 'failed', message: outcome.failure.message };
  return verifyAfter();
}

async function verify(
  instance: Instance,
  isSo: (now: ReplicationInfo) => boolean,
  otherwise: string,
): Promise<StepOutcome> {
  const now = await readReplication(instance);
  if (now.kind === 'failed') return { kind: 'failed', message: now.failure.message };
  return isSo(now.value) ? { kind: 'ok' } : { kind: 'failed', message: otherwise };
}

function follows({ upstream }: ReplicationInfo, address: Address): boolean {
  return upstream?.host === address.host && upstream.port === address.port;
}
