/**
 * How each value type is decoded: one row per type that this package reads. The decoder of a
 * larger type belongs in a file of its own in this directory and gets its row here. Used by the
 * RDB reader and by dump-payload.ts.
 */
import { rdbType, rdbTypeName } from './opcodes.ts';
import { RdbError } from './rdb-error.ts';
import { StringWindow, type RdbInput } from './rdb-input.ts';

/** Takes decoded values. The byte windows are only valid during the call. */
export interface RdbValueSink {
  /**
   * `expireAtMs` is in Unix milliseconds, `idleSeconds` the time since the last access as the LRU
   * saw it, `freq` the LFU's counter (0 … 255); each is -1 where the file does not say.
   */
  string(
    key: Buffer,
    keyStart: number,
    keyEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
    expireAtMs: number,
    idleSeconds: number,
    freq: number,
  ): void;
}

/** What stands before an entry's value (see RdbValueSink); one object, filled for each entry. */
export class RdbEntry {
  readonly key = new StringWindow();
  /** For the decoders: where they read the value, or a part of it, to. */
  readonly value = new StringWindow();
  expireAtMs = -1;
  idleSeconds = -1;
  freq = -1;

  /** The facts below hold for one key; the key itself stays until the next is read. */
  reset(): void {
    this.expireAtMs = -1;
    this.idleSeconds = -1;
    this.freq = -1;
  }
}

/**
 * Decodes the value under the cursor and hands it to the sink. Returns false while its bytes have
 * not all come; the cursor may then be anywhere, and the entry will be read again from its type.
 */
export type ValueDecoder = (input: RdbInput, entry: RdbEntry, sink: RdbValueSink) => boolean;

const valueDecoders: Readonly<Partial<Record<number, ValueDecoder>>> = {
  [rdbType.string]: decodeString,
};

/**
 * The decoder of `type`, a byte found at `offset`; throws RdbError, naming the type, when there is
 * none.
 */
export function valueDecoder(type: number, offset: number): ValueDecoder {
  return valueDecoders[type] ?? refuseType(type, offset);
}

function decodeString(input: RdbInput, entry: RdbEntry, sink: RdbValueSink): boolean {
  const { key, value } = entry;
  if (!input.string(value)) return false;
  sink.string(
    key.bytes,
    key.start,
    key.end,
    value.bytes,
    value.start,
    value.end,
    entry.expireAtMs,
    entry.idleSeconds,
    entry.freq,
  );
  return true;
}

function refuseType(type: number, offset: number): never {
  const name = rdbTypeName(type);
  if (name === undefined)
    throw new RdbError('unknown-opcode', offset, `unknown value type ${type}`);
  throw new RdbError('unsupported-type', offset, `an unsupported value of type ${name}`, name);
}
