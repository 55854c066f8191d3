/**
 * One end of a comparison: scans a database of a live node and reads the states of keys, many at a
 * time and in bounded pieces. It only reads. What ends a comparison (a lost connection, a refusal)
 * is thrown as NodeFailed, which verify-pair.ts turns into a value.
 */
import type { BulkInstance } from '../../instance/connection.ts';
import { classifyReply, type Failure, type Outcome } from '../../instance/failure.ts';
import {
  parseInfo,
  parseReplicationInfo,
  type Info,
  type ReplicationInfo,
} from '../../protocol/info.ts';
import { ReplyError, type Reply } from '../../protocol/reply-reader.ts';
import { bulkLatin1, latin1Template } from '../../protocol/resp-encode.ts';
import { elementReads, type ElementRead } from './element-reads.ts';
import { noKey, type KeyState, type ValueSum } from './key-state.ts';
import type { NodeAbilities } from './node-abilities.ts';
import { ValueHash } from './value-hash.ts';

/** A node could not go on; whose fault and why. */
export class NodeFailed extends Error {
  readonly end: 'master' | 'replica';
  readonly failure: Failure;

  constructor(end: 'master' | 'replica', failure: Failure) {
    super(failure.message);
    this.end = end;
    this.failure = failure;
  }
}

export interface ReadOptions {
  /** Types that are summed by DEBUG DIGEST-VALUE, where a value is not too big for that. */
  readonly digestTypes: readonly string[];
  /** Fields of hashes may expire, each by itself. */
  readonly fieldsExpire: boolean;
  /** Values of types without a reader are compared as DUMP prints them: only within one version. */
  readonly byDump: boolean;
}

export interface Page {
  readonly cursor: string;
  readonly keys: readonly string[];
}

/** Values that take more memory are read in pieces: a digest holds the server up for all of it. */
const digestLimitBytes = 262_144;

/** One DIGEST-VALUE command covers so much at most: some milliseconds of the server's time. */
const digestGroupBytes = 1_048_576;

/** Keys whose elements are asked for together: what is in flight stays a few megabytes. */
const readsTogether = 128;

/** What a server says of a key that changed between two questions. */
const changedKey = /^WRONGTYPE|no such key/i;

/** A state whose value is still to be read. */
interface Outline {
  readonly key: string;
  readonly type: string;
  readonly expireAtMs: number | undefined;
  readonly bytes: number;
  sum: ValueSum | undefined;
}

interface RunningRead {
  readonly outline: Outline;
  readonly read: ElementRead;
}

/** Requests about one key, with a hole for it. */
const typeOf = latin1Template(['TYPE']);
const expiryOf = { exact: latin1Template(['PEXPIRETIME']), left: latin1Template(['PTTL']) };
const usageOf = latin1Template(['MEMORY', 'USAGE'], ['SAMPLES', '1']);

export class NodeReader {
  readonly end: 'master' | 'replica';
  /** Types that were met and could not be compared. */
  readonly uncomparedTypes = new Set<string>();
  readonly #instance: BulkInstance;
  readonly #abilities: NodeAbilities;
  readonly #options: ReadOptions;

  constructor(
    end: 'master' | 'replica',
    instance: BulkInstance,
    { abilities, options }: { abilities: NodeAbilities; options: ReadOptions },
  ) {
    this.end = end;
    this.#instance = instance;
    this.#abilities = abilities;
    this.#options = options;
  }

  async select(db: number): Promise<void> {
    await this.ask([['SELECT', String(db)]]);
  }

  async scan(cursor: string, count: number): Promise<Page> {
    const [reply] = await this.ask([['SCAN', cursor, 'COUNT', String(count)]]);
    const [next, keys] = reply as [string, readonly string[]];
    return { cursor: next, keys };
  }

  /** Those of the keys that do not exist. */
  async absent(keys: readonly string[]): Promise<string[]> {
    if (keys.length === 0) return [];
    const [count] = await this.ask([['EXISTS', ...keys]]);
    if (count === keys.length) return [];
    const each = await this.ask(keys.map((key) => ['EXISTS', key]));
    return keys.filter((_, at) => each[at] === 0);
  }

  async info(section: string): Promise<Info> {
    const [text] = await this.ask([['INFO', section]]);
    return parseInfo(String(text));
  }

  async replication(): Promise<ReplicationInfo> {
    const replication = parseReplicationInfo(await this.info('replication'));
    if (replication !== undefined) return replication;
    return this.#fail({ kind: 'protocol', message: 'shows no replication section in INFO' });
  }

  /** The states of the keys, in their order. Not of one instant: a key may change meanwhile. */
  async read(keys: readonly string[]): Promise<KeyState[]> {
    const outlines = await this.#outlines(keys);
    const digested: Outline[] = [];
    const others: Outline[] = [];
    for (const outline of outlines) {
      if (outline.type === 'none') continue;
      const isSmall = outline.bytes <= digestLimitBytes;
      const isDigested = isSmall && this.#options.digestTypes.includes(outline.type);
      (isDigested ? digested : others).push(outline);
    }
    await Promise.all([this.#digest(digested), this.#readElements(others)]);
    return outlines.map((outline) => (outline.type === 'none' ? noKey : outline));
  }

  /** Sends requests; throws NodeFailed for a lost connection and for an error reply. */
  async ask(requests: readonly (readonly string[] | string)[]): Promise<readonly Reply[]> {
    const replies = await this.#send(requests);
    const refusal = replies.find((reply) => reply instanceof ReplyError);
    return refusal instanceof ReplyError ? this.#fail(classifyReply(refusal.message)) : replies;
  }

  close(): void {
    this.#instance.close();
  }

  async #outlines(keys: readonly string[]): Promise<Outline[]> {
    const { pexpiretime } = this.#abilities;
    const byDigest = this.#options.digestTypes.length > 0;
    const expiry = pexpiretime ? expiryOf.exact : expiryOf.left;
    const requests: (string | string[])[] = [['TIME']];
    for (const key of keys) {
      const bulk = bulkLatin1(key);
      requests.push(typeOf(bulk), expiry(bulk));
      if (byDigest) requests.push(usageOf(bulk));
    }
    const replies = await this.ask(requests);
    const [seconds, micros] = (replies[0] as readonly string[]).map(Number);
    const originMs = pexpiretime ? 0 : seconds * 1000 + Math.floor(micros / 1000);
    const width = byDigest ? 3 : 2;
    return keys.map((key, index) => {
      const at = 1 + index * width;
      const expiresMs = Number(replies[at + 1]);
      return {
        key,
        // A key that expired between the two questions is gone.
        type: expiresMs === -2 ? 'none' : String(replies[at]),
        expireAtMs: expiresMs < 0 ? undefined : originMs + expiresMs,
        bytes: byDigest ? Number(replies[at + 2]) : 0,
        sum: undefined,
      };
    });
  }

  async #digest(outlines: readonly Outline[]): Promise<void> {
    const groups = groupBySize(outlines);
    const replies = await this.ask(
      groups.map((group) => ['DEBUG', 'DIGEST-VALUE', ...group.map(({ key }) => key)]),
    );
    groups.forEach((group, at) => {
      const digests = replies[at] as readonly string[];
      group.forEach((outline, place) => {
        outline.sum = { by: 'digest', text: digests[place] };
      });
    });
  }

  async #readElements(outlines: readonly Outline[]): Promise<void> {
    for (let start = 0; start < outlines.length; start += readsTogether) {
      const part = outlines.slice(start, start + readsTogether);
      const reads: RunningRead[] = [];
      for (const outline of part) {
        const begin = elementReads.get(outline.type);
        if (begin === undefined) await this.#dump(outline);
        else reads.push({ outline, read: begin(outline.key, this.#options) });
      }
      await this.#run(reads);
    }
  }

  /** All reads side by side, a piece of each at a time. */
  async #run(started: readonly RunningRead[]): Promise<void> {
    let reads = started;
    while (reads.length > 0) {
      const replies = await this.#send(reads.flatMap(({ read }) => read.ask));
      this.#checkErrors(replies);
      const rest: RunningRead[] = [];
      let at = 0;
      for (const { outline, read } of reads) {
        const next = read.take(replies.slice(at, at + read.ask.length));
        at += read.ask.length;
        if (next === undefined) continue;
        if (next.ask.length > 0) rest.push({ outline, read: next });
        else outline.sum = { by: 'elements', text: next.sum.text() };
      }
      reads = rest;
    }
  }

  /** A key that is gone, or of another type than before, is no failure of the node. */
  #checkErrors(replies: readonly Reply[]): void {
    for (const reply of replies) {
      if (!(reply instanceof ReplyError) || changedKey.test(reply.message)) continue;
      this.#fail(classifyReply(reply.message));
    }
  }

  async #dump(outline: Outline): Promise<void> {
    if (!this.#options.byDump) {
      this.uncomparedTypes.add(outline.type);
      outline.sum = { by: 'nothing', text: '' };
      return;
    }
    const [payload] = await this.ask([['DUMP', outline.key]]);
    const sum = new ValueHash();
    if (typeof payload === 'string') sum.bytes(payload);
    outline.sum = { by: 'dump', text: sum.text() };
  }

  async #send(requests: readonly (readonly string[] | string)[]): Promise<readonly Reply[]> {
    const outcome: Outcome<readonly Reply[]> = await this.#instance.pipeline(requests);
    return outcome.kind === 'ok' ? outcome.value : this.#fail(outcome.failure);
  }

  #fail(failure: Failure): never {
    throw new NodeFailed(this.end, failure);
  }
}

function groupBySize(outlines: readonly Outline[]): Outline[][] {
  const groups: Outline[][] = [];
  let room = 0;
  for (const outline of outlines) {
    if (groups.length === 0 || outline.bytes > room) {
      groups.push([]);
      room = digestGroupBytes;
    }
    groups.at(-1)?.push(outline);
    room -= outline.bytes;
  }
  return groups;
}
