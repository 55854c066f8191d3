/**
 * The options that XADD and XTRIM share: MAXLEN and MINID, exact or approximate, with LIMIT. What an
 * approximate trim removed depends on how the entries lie in nodes, which a replica's need not do
 * alike: it goes out as the exact trim that has the same effect.
 */
import type { Call } from '../call.ts';
import { clientFlags } from '../client.ts';
import { StreamId } from '../../rdb/structure/stream-id.ts';
import type { StreamTrim } from '../types/stream-trim.ts';
import type { StreamValue } from '../types/stream-value.ts';
import { integerArgument } from './generic-arguments.ts';
import { autoIdArgument, idArgument, idBytes, isCharacter } from './stream-ids.ts';

const TILDE = 126;
const EQUALS = 61;
const STAR = 42;
/** How much an approximate trim without LIMIT may remove, in nodes; and the bounds of that. */
const defaultLimitNodes = 100;
const fallbackLimit = 10_000;
const maxLimit = 1_000_000;

export interface AddOptions {
  readonly createStream: boolean;
  /** `auto`: all of it, or its sequence alone, is to be found. */
  readonly id: 'auto' | 'auto-seq' | 'exact';
  readonly idIndex: number;
  readonly trim: TrimRequest | null;
}

/** A trim, and the argument that says how far. */
interface TrimRequest extends StreamTrim {
  readonly thresholdIndex: number;
}

/** What has been read of the options so far. */
class Draft {
  keep: StreamTrim['keep'] | null = null;
  approximate = false;
  thresholdIndex = 0;
  /** −1 when it was not given. */
  limit = -1;
  createStream = true;
}

/** `XADD key * field value`, as nearly all are. */
const plain: AddOptions = { createStream: true, id: 'auto', idIndex: 2, trim: null };

/** XADD's options up to its id, which goes `into`; null after an error. */
export function readAddOptions(call: Call, into: StreamId): AddOptions | null {
  if (isCharacter(call, 2, STAR)) return plain;
  const draft = new Draft();
  let id: AddOptions['id'] = 'exact';
  let index = 2;
  for (; index < call.argc; index++) {
    if (isCharacter(call, index, STAR)) {
      id = 'auto';
      break;
    }
    const next = readTrimOption(call, index, draft);
    if (next === -1) return null;
    if (next !== index) {
      index = next - 1;
    } else if (call.is(index, 'nomkstream')) {
      draft.createStream = false;
    } else {
      const parsed = autoIdArgument(call, index, into);
      if (parsed === 'invalid') return null;
      id = parsed === 'auto' ? 'auto-seq' : 'exact';
      break;
    }
  }
  const trim = finishTrim(call, draft);
  if (trim === 'invalid') return null;
  return { createStream: draft.createStream, id, idIndex: index, trim };
}

/** XTRIM's options; null after an error. */
export function readTrimOptions(call: Call): TrimRequest | null {
  const draft = new Draft();
  for (let index = 2; index < call.argc;) {
    const next = readTrimOption(call, index, draft);
    if (next === -1) return null;
    if (next === index) {
      call.syntaxError();
      return null;
    }
    index = next;
  }
  if (draft.keep === null && draft.limit <= 0) {
    call.error('ERR syntax error, XTRIM must be called with a trimming strategy');
    return null;
  }
  const trim = finishTrim(call, draft);
  return trim === 'invalid' ? null : trim;
}

/** The request with its approximate trim put exactly, and with the id that was found, if any. */
export function exactWords(
  call: Call,
  stream: StreamValue,
  trim: TrimRequest | null,
  id: { readonly index: number; readonly bytes: Uint8Array } | null,
): Uint8Array[] {
  const words: Uint8Array[] = [];
  for (let index = 0; index < call.argc; index++) {
    words.push(call.buffer.subarray(call.argStart[index], call.argEnd[index]));
  }
  if (trim?.approximate === true) {
    words[trim.thresholdIndex - 1] = equalsSign;
    words[trim.thresholdIndex] = thresholdNow(stream, trim);
  }
  if (id !== null) words[id.index] = id.bytes;
  return words;
}

const equalsSign = Buffer.from('=');

/** What an exact trim must be told to leave what is there now. */
function thresholdNow(stream: StreamValue, { keep }: TrimRequest): Buffer {
  if ('length' in keep) return Buffer.from(String(stream.size));
  const first = new StreamId();
  stream.firstIdInNodes(first);
  return idBytes(first);
}

/**
 * Reads an option of trimming that starts at `index`; returns the index behind it: `index` itself
 * when there is none, −1 after an error.
 */
function readTrimOption(call: Call, index: number, draft: Draft): number {
  if (index + 1 >= call.argc) return index;
  if (call.is(index, 'maxlen') || call.is(index, 'minid')) return readThreshold(call, index, draft);
  if (!call.is(index, 'limit')) return index;
  const limit = integerArgument(call, index + 1);
  if (Number.isNaN(limit)) return -1;
  if (limit < 0) {
    call.error('ERR The LIMIT argument must be >= 0.');
    return -1;
  }
  draft.limit = limit;
  return index + 2;
}

function readThreshold(call: Call, index: number, draft: Draft): number {
  if (draft.keep !== null) {
    call.error('ERR syntax error, MAXLEN and MINID options at the same time are not compatible');
    return -1;
  }
  const hasThree = index + 2 < call.argc;
  draft.approximate = hasThree && isCharacter(call, index + 1, TILDE);
  const signed = draft.approximate || (hasThree && isCharacter(call, index + 1, EQUALS));
  const at = signed ? index + 2 : index + 1;
  draft.thresholdIndex = at;
  if (call.is(index, 'minid')) {
    const minId = new StreamId();
    if (!idArgument(call, at, minId)) return -1;
    draft.keep = { minId };
    return at + 1;
  }
  const length = integerArgument(call, at);
  if (Number.isNaN(length)) return -1;
  if (length < 0) {
    call.error('ERR The MAXLEN argument must be >= 0.');
    return -1;
  }
  draft.keep = { length };
  return at + 1;
}

function finishTrim(call: Call, draft: Draft): TrimRequest | 'invalid' | null {
  const { keep, approximate, thresholdIndex, limit } = draft;
  if (keep === null && limit > 0) {
    call.error('ERR syntax error, LIMIT cannot be used without specifying a trimming strategy');
    return 'invalid';
  }
  // The master has made its trim exact, and left the rest of the request as it was.
  const obeys = call.client.has(clientFlags.master);
  if (limit !== -1 && !approximate && !obeys) {
    call.error('ERR syntax error, LIMIT cannot be used without the special ~ option');
    return 'invalid';
  }
  if (keep === null) return null;
  const given = limit !== -1 ? limit : approximate ? defaultLimit(call) : 0;
  return { keep, approximate, thresholdIndex, limit: obeys ? 0 : given };
}

function defaultLimit(call: Call): number {
  const limit = defaultLimitNodes * call.keyspace.valueSettings.streamNodeMaxEntries;
  return limit <= 0 ? fallbackLimit : Math.min(limit, maxLimit);
}
