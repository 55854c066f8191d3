/**
 * What a live node lets us do to read it: commands that its version, its settings or an ACL may
 * refuse. Asked once per comparison; with a key that nobody has.
 */
import type { BulkInstance } from '../../instance/connection.ts';
import { classifyReply, ok, type Outcome } from '../../instance/failure.ts';
import { ReplyError, type Reply } from '../../protocol/reply-reader.ts';

export interface NodeAbilities {
  /** DEBUG DIGEST-VALUE, and MEMORY USAGE to know for which values it is not too much. */
  readonly digest: boolean;
  /** Redis 7.0 and later say when a key expires; before, in how many milliseconds. */
  readonly pexpiretime: boolean;
  /** HPEXPIRETIME: fields of hashes may expire. Redis 7.4, Valkey 9. */
  readonly hpexpiretime: boolean;
  /** WATCH and EXEC tell whether a key was touched in between. */
  readonly watch: boolean;
  /** The node's clock minus ours, in milliseconds, within half a round trip. */
  readonly clockSkewMs: number;
}

const nobodysKey = 'redis-repl:verify:no-such-key';

/** Fails only when the connection is lost, or the node answers nothing at all. */
export async function askAbilities(
  instance: BulkInstance,
  nowMs: () => number,
): Promise<Outcome<NodeAbilities>> {
  const sentMs = nowMs();
  const outcome = await instance.pipeline([
    ['TIME'],
    ['DEBUG', 'DIGEST-VALUE', nobodysKey],
    ['MEMORY', 'USAGE', nobodysKey, 'SAMPLES', '1'],
    ['PEXPIRETIME', nobodysKey],
    ['HPEXPIRETIME', nobodysKey, 'FIELDS', '1', 'f'],
    ['WATCH', nobodysKey],
    ['MULTI'],
    ['EXEC'],
  ]);
  if (outcome.kind === 'failed') return outcome;
  const [time, digest, usage, pexpiretime, hpexpiretime, ...watch] = outcome.value;
  if (time instanceof ReplyError) return { kind: 'failed', failure: classifyReply(time.message) };
  const works = (reply: Reply): boolean => !(reply instanceof ReplyError);
  const [seconds, micros] = Array.isArray(time) ? time.map(Number) : [sentMs / 1000, 0];
  return ok({
    digest: Array.isArray(digest) && works(usage),
    pexpiretime: works(pexpiretime),
    hpexpiretime: works(hpexpiretime),
    watch: watch.every(works),
    clockSkewMs: seconds * 1000 + micros / 1000 - (sentMs + nowMs()) / 2,
  });
}
