/**
 * How the value of each type is read in pieces: what to ask first, and what to ask after each
 * answer, until all elements have gone into the sum. Big keys take many small questions instead of
 * one that holds the server up. Used by node-reader.ts, which does the asking. Pure.
 */
import type { Reply } from '../../protocol/reply-reader.ts';
import { ValueHash } from './value-hash.ts';

/** A value being read. */
export interface ElementRead {
  /** The next questions, together; the value is read when there are none. */
  readonly ask: readonly (readonly string[])[];
  /** Takes the answers in order. Undefined when they make no sense: the value has changed. */
  readonly take: (replies: readonly Reply[]) => ElementRead | undefined;
  readonly sum: ValueHash;
}

export interface ElementReadOptions {
  /** Fields of hashes may expire, each by itself. */
  readonly fieldsExpire: boolean;
}

/** Bytes of a string, and elements of a collection, in one answer. */
const stringSliceBytes = 65_536;
const sliceElements = 256;
/** Entries of a stream have several fields each. */
const sliceEntries = 64;

/** By the words of TYPE. A type that is not here is compared by DUMP, or not at all. */
export const elementReads: ReadonlyMap<
  string,
  (key: string, options: ElementReadOptions) => ElementRead
> = new Map([
  ['string', (key) => readString(key, 0, new ValueHash())],
  ['list', (key) => readByIndex('LRANGE', key)],
  ['zset', (key) => readByIndex('ZRANGE', key)],
  ['set', (key) => readSet(key, '0', new ValueHash())],
  ['hash', (key, options) => readHash(key, '0', { sum: new ValueHash(), ...options })],
  ['stream', (key) => readStream(key, '-', new ValueHash())],
] satisfies [string, (key: string, options: ElementReadOptions) => ElementRead][]);

function readString(key: string, start: number, sum: ValueHash): ElementRead {
  const end = start + stringSliceBytes;
  return {
    ask: [['GETRANGE', key, String(start), String(end - 1)]],
    take: ([slice]) => {
      if (typeof slice !== 'string') return undefined;
      sum.bytes(slice);
      return slice.length < stringSliceBytes ? done(sum) : readString(key, end, sum);
    },
    sum,
  };
}

/** Lists, and sorted sets in their order: an element has a place, and so is read once. */
function readByIndex(
  command: 'LRANGE' | 'ZRANGE',
  key: string,
  start = 0,
  sum = new ValueHash(),
): ElementRead {
  const end = start + sliceElements;
  const range = [command, key, String(start), String(end - 1)];
  const isScored = command === 'ZRANGE';
  return {
    ask: [isScored ? [...range, 'WITHSCORES'] : range],
    take: ([slice]) => {
      if (!isTexts(slice)) return undefined;
      slice.forEach((text, at) => sum.ordered(isScored && at % 2 === 1 ? scoreText(text) : text));
      const isLast = slice.length < sliceElements * (isScored ? 2 : 1);
      return isLast ? done(sum) : readByIndex(command, key, end, sum);
    },
    sum,
  };
}

/** Versions print the same number with different digits. */
function scoreText(text: string): string {
  const score = Number(text);
  return Number.isNaN(score) ? text : String(score);
}

/**
 * Sets and hashes have no order. A table that shrinks meanwhile may show an element twice: the
 * count gives that away.
 */
function readSet(key: string, cursor: string, sum: ValueHash): ElementRead {
  return {
    ask: [
      ['SSCAN', key, cursor, 'COUNT', String(sliceElements)],
      ['SCARD', key],
    ],
    take: ([reply, count]) => {
      const page = toPage(reply);
      if (page === undefined) return undefined;
      for (const member of page.texts) sum.unordered(member);
      if (page.cursor !== '0') return readSet(key, page.cursor, sum);
      return sum.elements === count ? done(sum) : undefined;
    },
    sum,
  };
}

interface HashRead extends ElementReadOptions {
  readonly sum: ValueHash;
}

function readHash(key: string, cursor: string, read: HashRead): ElementRead {
  const { sum, fieldsExpire } = read;
  return {
    ask: [
      ['HSCAN', key, cursor, 'COUNT', String(sliceElements)],
      ['HLEN', key],
    ],
    take: ([reply, count]) => {
      const page = toPage(reply);
      if (page === undefined) return undefined;
      const { texts } = page;
      for (let at = 0; at < texts.length; at += 2) sum.unordered(texts[at], texts[at + 1]);
      const isLast = page.cursor === '0';
      if (isLast && sum.elements !== count) return undefined;
      if (fieldsExpire && texts.length > 0) return readFieldTimes(key, page, read);
      return isLast ? done(sum) : readHash(key, page.cursor, read);
    },
    sum,
  };
}

/** When the fields of one page expire; most never do, and then it changes nothing in the sum. */
function readFieldTimes(key: string, { cursor, texts }: ScanPage, read: HashRead): ElementRead {
  const { sum } = read;
  const fields = texts.filter((_, at) => at % 2 === 0);
  return {
    ask: [['HPEXPIRETIME', key, 'FIELDS', String(fields.length), ...fields]],
    take: ([times]) => {
      if (!Array.isArray(times)) return undefined;
      (times as readonly Reply[]).forEach((time, at) => {
        if (time !== -1) sum.mark(fields[at], String(time));
      });
      return cursor === '0' ? done(sum) : readHash(key, cursor, read);
    },
    sum,
  };
}

interface ScanPage {
  readonly cursor: string;
  readonly texts: readonly string[];
}

function toPage(reply: Reply): ScanPage | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [cursor, texts] = reply as readonly Reply[];
  return typeof cursor === 'string' && isTexts(texts) ? { cursor, texts } : undefined;
}

/** The entries, then what the stream remembers besides them: its last id and its groups. */
function readStream(key: string, start: string, sum: ValueHash): ElementRead {
  return {
    ask: [['XRANGE', key, start, '+', 'COUNT', String(sliceEntries)]],
    take: ([entries]) => {
      if (!Array.isArray(entries)) return undefined;
      for (const entry of entries as readonly Reply[]) sum.ordered(JSON.stringify(entry));
      if (entries.length < sliceEntries) return readStreamState(key, sum);
      const [lastId] = entries.at(-1) as readonly Reply[];
      return readStream(key, `(${String(lastId)}`, sum);
    },
    sum,
  };
}

function readStreamState(key: string, sum: ValueHash): ElementRead {
  return {
    ask: [
      ['XINFO', 'STREAM', key],
      ['XINFO', 'GROUPS', key],
    ],
    take: ([stream, groups]) => {
      if (!Array.isArray(stream) || !Array.isArray(groups)) return undefined;
      sum.ordered(String(fieldOf(stream, 'last-generated-id')));
      for (const group of groups as readonly (readonly Reply[])[]) {
        // Consumers and the times at which they were seen differ on a replica by nature.
        const names = ['name', 'pending', 'last-delivered-id'];
        sum.unordered(...names.map((name) => String(fieldOf(group, name))));
      }
      return done(sum);
    },
    sum,
  };
}

function fieldOf(pairs: readonly Reply[], name: string): Reply {
  const at = pairs.indexOf(name);
  return at < 0 ? null : pairs[at + 1];
}

function done(sum: ValueHash): ElementRead {
  return { ask: [], take: () => undefined, sum };
}

function isTexts(reply: Reply | undefined): reply is readonly string[] {
  return Array.isArray(reply) && reply.every((item) => typeof item === 'string');
}
