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

/** How a key was when its value had not been read yet. */
interface Outline {
  readonly key: string;
  readonly type: string;
  readonly expireAtMs: number | undefined;
  readonly bytes: number;
}

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
    const isDigested = ({ type, bytes }: Outline): boolean =>
      this.#options.digestTypes.includes(type) && bytes <= digestLimitBytes;
    const present = outlines.filter(({ type }) => type !== 'none');
    const sums = new Map<string, ValueSum | undefined>();
    await Promise.all([
      this.#digest(present.filter(isDigested), sums),
      this.#readElements(
        present.filter((outline) => !isDigested(outline)),
        sums,
      ),
    ]);
    return outlines.map(({ key, type, expireAtMs }) =>
      type === 'none' ? noKey : { type, expireAtMs, sum: sums.get(key) },
    );
  }

  /** Sends requests; throws NodeFailed for a lost connection and for an error reply. */
  async ask(requests: readonly (readonly string[])[]): Promise<readonly Reply[]> {
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
    const expiry = pexpiretime ? 'PEXPIRETIME' : 'PTTL';
    const replies = await this.ask([
      ['TIME'],
      ...keys.flatMap((key) => [
        ['TYPE', key],
        [expiry, key],
        ...(byDigest ? [['MEMORY', 'USAGE', key, 'SAMPLES', '1']] : []),
      ]),
    ]);
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
      };
    });
  }

  async #digest(
    outlines: readonly Outline[],
    sums: Map<string, ValueSum | undefined>,
  ): Promise<void> {
    const groups = groupBySize(outlines);
    const requests = groups.map((group) => [
      'DEBUG',
      'DIGEST-VALUE',
      ...group.map(({ key }) => key),
    ]);
    const replies = await this.ask(requests);
    groups.forEach((group, at) => {
      const digests = replies[at] as readonly string[];
      group.forEach(({ key }, place) => sums.set(key, { by: 'digest', text: digests[place] }));
    });
  }

  async #readElements(
    outlines: readonly Outline[],
    sums: Map<string, ValueSum | undefined>,
  ): Promise<void> {
    for (let start = 0; start < outlines.length; start += readsTogether) {
      const part = outlines.slice(start, start + readsTogether);
      const known = part.filter(({ type }) => type in elementReads);
      const reads = known.map(({ key, type }) => ({
        key,
        read: elementReads[type](key, this.#options),
      }));
      await this.#run(reads, sums);
      await this.#dump(
        part.filter(({ type }) => !(type in elementReads)),
        sums,
      );
    }
  }

  /** All reads side by side, a piece of each at a time. */
  async #run(
    started: readonly { key: string; read: ElementRead }[],
    sums: Map<string, ValueSum | undefined>,
  ): Promise<void> {
    let reads = started;
    while (reads.length > 0) {
      // An error reply here means another type than before: no failure of the node.
      const replies = await this.#send(reads.flatMap(({ read }) => read.ask));
      const rest: { key: string; read: ElementRead }[] = [];
      let at = 0;
      for (const { key, read } of reads) {
        const next = read.take(replies.slice(at, at + read.ask.length));
        at += read.ask.length;
        if (next === undefined) sums.set(key, undefined);
        else if (next.ask.length > 0) rest.push({ key, read: next });
        else sums.set(key, { by: 'elements', text: next.sum.text() });
      }
      reads = rest;
    }
  }

  async #dump(
    outlines: readonly Outline[],
    sums: Map<string, ValueSum | undefined>,
  ): Promise<void> {
    if (!this.#options.byDump) {
      for (const { key, type } of outlines) {
        this.uncomparedTypes.add(type);
        sums.set(key, { by: 'nothing', text: '' });
      }
      return;
    }
    for (const { key } of outlines) {
      const [payload] = await this.ask([['DUMP', key]]);
      const sum = new ValueHash();
      if (typeof payload === 'string') sum.bytes(payload);
      sums.set(key, { by: 'dump', text: sum.text() });
    }
  }

  async #send(requests: readonly (readonly string[])[]): Promise<readonly Reply[]> {
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
