/**
 * Waits until a replica's link is up. A full copy may take as long as it takes: while one comes in
 * the wait goes on, and tells how far it is. Used by run-step.ts.
 */
import type { Instance } from '../../instance/connection.ts';
import type { Outcome } from '../../instance/failure.ts';
import { readReplication } from '../../instance/report.ts';
import type { ReplicationInfo } from '../../protocol/info.ts';
import type { Address } from '../../instance/address.ts';
import { type Clock, pause } from '../../util/clock.ts';
import type { NodeId } from '../model.ts';
import type { StepOutcome } from '../plan/step.ts';

/** How far a full copy is. Rate and time left are unknown at its beginning and without a length. */
export interface CopyProgress {
  readonly node: NodeId;
  readonly readBytes: number;
  readonly totalBytes: number | undefined;
  readonly bytesPerSecond: number | undefined;
  readonly secondsLeft: number | undefined;
}

export interface AwaitLinkOptions {
  readonly node: NodeId;
  readonly instance: Instance;
  /** The upstream, where we are connected to it. */
  readonly above: Instance | undefined;
  readonly upstream: Address;
  readonly clock: Clock;
  /** For a link that does not come up; a full copy that goes on is waited for longer. */
  readonly timeoutMs: number;
  readonly onCopy: (progress: CopyProgress) => void;
}

const pollPeriodMs = 20;

/** A copy that begins again as often as this will never end: a buffer is too small for it. */
const restartsLimit = 3;

export async function awaitLink(options: AwaitLinkOptions): Promise<StepOutcome> {
  const { clock, timeoutMs } = options;
  const copy = new CopyWatch(options);
  for (let until = clock.monotonic() + timeoutMs; ;) {
    const looked = await look(options);
    // Loading what it was just sent, a server may answer nothing for a while.
    if (looked.kind === 'failed') return { kind: 'pending', message: looked.failure.message };
    if (looked.value.isUp) return { kind: 'ok' };
    const nowMs = clock.monotonic();
    if (copy.goesOn(looked.value.own, nowMs)) until = nowMs + timeoutMs;
    if (nowMs >= until) return { kind: 'pending', message: copy.message(looked.value.own) };
    await pause(clock, pollPeriodMs);
  }
}

/** Up, and in the upstream's own history: a link that is about to be dropped is not it. */
async function look({
  instance,
  above,
  upstream,
}: AwaitLinkOptions): Promise<Outcome<{ isUp: boolean; own: ReplicationInfo }>> {
  const read = await readReplication(instance);
  if (read.kind === 'failed') return read;
  const own = read.value;
  const isThere = own.upstream?.host === upstream.host && own.upstream.port === upstream.port;
  if (!isThere || own.upstream?.linkStatus !== 'up')
    return { kind: 'ok', value: { isUp: false, own } };
  const theirs = above === undefined ? read : await readReplication(above);
  if (theirs.kind === 'failed') return theirs;
  return { kind: 'ok', value: { isUp: theirs.value.masterReplid === own.masterReplid, own } };
}

/** A full copy as INFO shows it, from one look to the next. */
class CopyWatch {
  readonly #options: AwaitLinkOptions;
  #isCopying = false;
  #beginnings = 0;
  #startedAtMs = 0;
  #startBytes = 0;

  constructor(options: AwaitLinkOptions) {
    this.#options = options;
  }

  /** Tells how far it is; false when there is none, or none that will ever end. */
  goesOn({ upstream }: ReplicationInfo, nowMs: number): boolean {
    const wasCopying = this.#isCopying;
    this.#isCopying = upstream?.syncInProgress === true;
    if (!this.#isCopying) return false;
    const readBytes = upstream?.syncReadBytes ?? 0;
    if (!wasCopying) {
      this.#beginnings++;
      this.#startedAtMs = nowMs;
      this.#startBytes = readBytes;
    }
    const seconds = (nowMs - this.#startedAtMs) / 1000;
    const bytesPerSecond = seconds > 0 ? (readBytes - this.#startBytes) / seconds : undefined;
    const totalBytes = upstream?.syncTotalBytes;
    const left = totalBytes === undefined ? undefined : totalBytes - readBytes;
    const isKnown = left !== undefined && bytesPerSecond !== undefined && bytesPerSecond > 0;
    const secondsLeft = isKnown ? left / bytesPerSecond : undefined;
    const { node, onCopy } = this.#options;
    onCopy({ node, readBytes, totalBytes, bytesPerSecond, secondsLeft });
    return this.#beginnings <= restartsLimit;
  }

  message({ upstream }: ReplicationInfo): string {
    if (this.#beginnings > restartsLimit) {
      return `a full copy has begun ${this.#beginnings} times (look at client-output-buffer-limit of its upstream)`;
    }
    return upstream?.syncInProgress === true
      ? 'a full copy is under way'
      : 'the link is not up yet';
  }
}
