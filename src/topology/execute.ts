/**
 * Runs the steps of a plan on live servers, one after the other, each verified on the server before
 * the next; stops at the first that fails and says what was done and what to type next. Writes that
 * were held are released whatever happens. Used by cli/change.ts; it decides nothing and prints
 * nothing.
 */
import type { Address } from '../instance/address.ts';
import type { Instance } from '../instance/connection.ts';
import { failed, ok, type Outcome } from '../instance/failure.ts';
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
import { nodeOf, type NodeId, type Topology, type TopologyNode } from './model.ts';
import type { Step } from './plan.ts';

/**
 * Writes are held this many timeouts long at most: one for being in step, one for a reply that
 * comes late, one for the demotion, and one to spare. The server lifts the hold by itself then,
 * also when this process is gone.
 */
const holdTimeouts = 4;

/** Between two looks at a server that we wait for. A hold lasts as long as we look. */
const pollPeriodMs = 2;

export interface ExecuteOptions {
  /** The topology that the plan was made for. */
  readonly topology: Topology;
  readonly steps: readonly Step[];
  readonly connect: (node: TopologyNode) => Promise<Outcome<Instance>>;
  /** For each wait. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly onStep: (report: StepReport) => void;
}

/** Told after each step. */
export interface StepReport {
  readonly step: Step;
  readonly outcome: StepOutcome;
  readonly tookMs: number;
}

export type StepOutcome =
  | { readonly kind: 'ok' }
  /** It goes on by itself, only not within our timeout. */
  | { readonly kind: 'pending'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

export type Executed =
  | {
      readonly kind: 'done';
      readonly pending: readonly StepReport[];
      /** From holding the old master's writes until the new one took them. */
      readonly writeGapMs: number | undefined;
    }
  | {
      readonly kind: 'stopped';
      readonly at: Step;
      readonly message: string;
      readonly done: readonly Step[];
      readonly next: string;
    };

/** Runs the steps. Never rejects for what servers do. */
export async function executeSteps(options: ExecuteOptions): Promise<Executed> {
  const crew = new Crew(options);
  try {
    return (await crew.connectAll()) ?? (await crew.runAll());
  } finally {
    await crew.releaseAll();
    crew.close();
  }
}

/** The connections to the nodes of one plan, and what must be undone in the end. */
class Crew {
  readonly #options: ExecuteOptions;
  readonly #instances = new Map<NodeId, Instance>();
  readonly #held = new Set<NodeId>();
  #heldAtMs: number | undefined;
  #writeGapMs: number | undefined;

  constructor(options: ExecuteOptions) {
    this.#options = options;
  }

  /** Reaches every node before any is touched. */
  async connectAll(): Promise<Executed | undefined> {
    const { steps, topology, connect } = this.#options;
    const involved = [...steps].reverse().flatMap((step) => {
      const others = step.kind === 'await-link' && step.of !== undefined ? [step.of] : [];
      return [step.node, ...others].map((id): [NodeId, Step] => [id, step]);
    });
    const firstStepOf = new Map(involved);
    const attempts = [...firstStepOf].map(async ([id, step]) => {
      const node = nodeOf(topology, id);
      const outcome = node ? await connect(node) : failed('unreachable', 'is not known');
      if (outcome.kind === 'ok') this.#instances.set(id, outcome.value);
      return { id, step, outcome };
    });
    const lost = (await Promise.all(attempts)).find(({ outcome }) => outcome.kind === 'failed');
    if (lost?.outcome.kind !== 'failed') return undefined;
    const message = `${this.#name(lost.id)}: ${lost.outcome.failure.message}`;
    return { kind: 'stopped', at: lost.step, message, done: [], next: 'repl status' };
  }

  async runAll(): Promise<Executed> {
    const { steps, clock, onStep, topology } = this.#options;
    const reports: StepReport[] = [];
    for (const step of steps) {
      const startedAt = clock.monotonic();
      const outcome = await this.#run(step);
      const report = { step, outcome, tookMs: clock.monotonic() - startedAt };
      onStep(report);
      if (outcome.kind === 'failed') {
        const done = reports.map((each) => each.step);
        const next = nextCommand(topology, { steps, at: step, done });
        return { kind: 'stopped', at: step, message: outcome.message, done, next };
      }
      reports.push(report);
    }
    const pending = reports.filter(({ outcome }) => outcome.kind === 'pending');
    return { kind: 'done', pending, writeGapMs: this.#writeGapMs };
  }

  /** Where the connection is gone too, the server lifts the hold by itself. */
  async releaseAll(): Promise<void> {
    for (const id of this.#held) {
      const instance = this.#instances.get(id);
      if (instance !== undefined) await unpause(instance);
    }
    this.#held.clear();
  }

  close(): void {
    for (const instance of this.#instances.values()) instance.close();
  }

  async #run(step: Step): Promise<StepOutcome> {
    const instance = this.#instances.get(step.node);
    if (instance === undefined) return { kind: 'failed', message: 'no connection' };
    switch (step.kind) {
      case 'hold-writes':
        return this.#holdWrites(step.node, instance);
      case 'await-in-step':
        return this.#awaitInStep(instance, this.#instances.get(step.with));
      case 'follow':
        return asStep(await replicaofUpstream(instance, step.upstream), () =>
          this.#verify(instance, (now) => follows(now, step.upstream), 'it follows somebody else'),
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
    const above = of === undefined ? undefined : this.#instances.get(of);
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
    const verified = await this.#verify(
      instance,
      ({ role }) => role === 'master',
      'it is no master',
    );
    if (verified.kind === 'ok' && this.#heldAtMs !== undefined) {
      this.#writeGapMs = this.#options.clock.monotonic() - this.#heldAtMs;
    }
    return verified;
  }

  async #verify(
    instance: Instance,
    isSo: (now: ReplicationInfo) => boolean,
    otherwise: string,
  ): Promise<StepOutcome> {
    const now = await readReplication(instance);
    if (now.kind === 'failed') return { kind: 'failed', message: now.failure.message };
    return isSo(now.value) ? { kind: 'ok' } : { kind: 'failed', message: otherwise };
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

  #name(id: NodeId): string {
    return nodeOf(this.#options.topology, id)?.name ?? id;
  }
}

async function asStep(
  outcome: Outcome<void>,
  verify: () => Promise<StepOutcome> = () => Promise.resolve({ kind: 'ok' }),
): Promise<StepOutcome> {
  if (outcome.kind === 'failed') return { kind: 'failed', message: outcome.failure.message };
  return verify();
}

function follows({ upstream }: ReplicationInfo, address: Address): boolean {
  return upstream?.host === address.host && upstream.port === address.port;
}

/** What to type after a stop, from what is left undone. */
function nextCommand(
  topology: Topology,
  { steps, at, done }: { steps: readonly Step[]; at: Step; done: readonly Step[] },
): string {
  const name = (id: NodeId): string => nodeOf(topology, id)?.name ?? id;
  const promotion = steps.find(({ kind }) => kind === 'follow-no-one');
  const touched = done.some(({ kind }) => kind === 'follow' || kind === 'follow-no-one');
  if (!touched && at.kind !== 'follow' && at.kind !== 'follow-no-one') return 'repl status';
  if (promotion === undefined) return 'repl status';
  const again = `repl promote ${name(promotion.node)}`;
  if (at.kind === 'rewrite-config') return `${again} --persist`;
  if (at.kind === 'follow' && at.as === 'sibling') {
    return `repl reparent ${name(at.node)} ${name(promotion.node)}`;
  }
  return again;
}
