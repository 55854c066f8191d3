/**
 * Reads an RDB file (grammar in opcodes.ts) that arrives in pieces: from disk at start, or from a
 * master during a full sync, where the command stream follows without a gap. It knows neither
 * files nor sockets, and what the entries are for is the sink's business.
 *
 *   feed(chunk) … parse(sink) → need-more → feed(chunk) … parse(sink) → done
 *
 * `#state` says what comes next; one step reads one item of it, or finds that the item has not
 * all come and is read again from its beginning later. Items that may be large (collections, what
 * modules have stored) are read in steps of their own and never twice.
 *
 *   magic → items ⇄ large-item
 *             └──→ checksum → done
 */
import { Crc64 } from './crc64.ts';
import {
  firstChecksumVersion,
  firstOpcode,
  newestRdbVersion,
  rdbOpcode,
  rdbType,
} from './opcodes.ts';
import { RdbError } from './rdb-error.ts';
import { incomplete, RdbInput } from './rdb-input.ts';
import { StringWindow } from './string-window.ts';
import { valueDecoder } from './value-decoders.ts';
import { RdbEntry, type RdbValueSink } from './value-sink.ts';
import { areFieldTimes } from './values/field-times.ts';
import { skipModuleAux } from './values/skip-module.ts';
import {
  newValueContext,
  readPair,
  type Steps,
  type ValueContext,
} from './values/value-context.ts';

/** Takes what is read, in the file's order, before the checksum is known to be right. */
export interface RdbSink extends RdbValueSink {
  header?(version: number): void;
  aux(name: string, value: string): void;
  /**
   * When fields of the hash `key`, which was the last entry, end: see values/field-times.ts. False
   * when that cannot be.
   */
  fieldTimes?(key: StringWindow, times: StringWindow): boolean;
  selectDb(index: number): void;
  resizeDb(keys: number, expires: number): void;
}

export type ParseResult =
  /** Everything fed has been used; at least so many bytes are needed to get on. */
  | { readonly kind: 'need-more'; readonly atLeast: number }
  /** The budget is used up; call again. */
  | { readonly kind: 'budget' }
  /** `consumedOffset` is the RDB's length; `leftover` (a window) is what was fed beyond it. */
  | { readonly kind: 'done'; readonly consumedOffset: number; readonly leftover: Buffer };

type State = 'magic' | 'items' | 'large-item' | 'checksum' | 'done';

const magicBytes = 9;
const checksumBytes = 8;

export class RdbReader {
  readonly #input = new RdbInput();
  /** Undefined when nobody wants the checksum verified. */
  readonly #crc: Crc64 | undefined;
  #state: State = 'magic';
  #version = 0;
  readonly #entry = new RdbEntry();
  /** Made with the first large item. */
  #context: ValueContext | null = null;
  /** In the state 'large-item': what is left to do of it. */
  #largeItem: Steps | null = null;
  /** For a string under a key, and for those that are not an entry's. */
  readonly #text = new StringWindow();
  readonly #otherText = new StringWindow();
  /** Bytes that must have come before it is worth trying again. */
  #wanted = 0;

  constructor(options: { verifyChecksum?: boolean } = {}) {
    this.#crc = (options.verifyChecksum ?? true) ? new Crc64() : undefined;
  }

  /** Copies the chunk, so that the caller may use its memory again at once. */
  feed(chunk: Uint8Array): void {
    this.#input.feed(chunk);
  }

  /**
   * Reads on, and stops after the item that uses up `budgetBytes`. Throws RdbError when the bytes
   * cannot be an RDB, and whatever the sink throws; the reader is of no use after either.
   */
  parse(sink: RdbSink, budgetBytes = Number.POSITIVE_INFINITY): ParseResult {
    const input = this.#input;
    if (input.unread < this.#wanted) return this.#needMore(this.#wanted - input.unread);
    this.#wanted = 0;
    const parseStart = input.at;
    input.pauseAt = parseStart + Math.max(budgetBytes, 1);
    while (!this.#isDone()) {
      const isStepDone = this.#step(sink, parseStart);
      if (isStepDone && (input.at < input.pauseAt || this.#isDone())) continue;
      this.#addToSum(parseStart);
      return isStepDone ? { kind: 'budget' } : this.#needMore(input.missing);
    }
    return { kind: 'done', consumedOffset: input.offset, leftover: input.rest() };
  }

  /** To be called when no more will come; throws RdbError 'truncated' unless the RDB is whole. */
  end(): void {
    if (this.#isDone()) return;
    const offset = this.#input.offset + this.#input.unread;
    throw new RdbError('truncated', offset, `the input ends in the middle (${this.#state})`);
  }

  #isDone(): boolean {
    return this.#state === 'done';
  }

  #needMore(atLeast: number): ParseResult {
    this.#wanted = this.#input.unread + atLeast;
    return { kind: 'need-more', atLeast };
  }

  /** Reads one item, or a part of a large one; false while it has not all come. */
  #step(sink: RdbSink, parseStart: number): boolean {
    if (this.#largeItem !== null) return this.#goOn(this.#largeItem, sink);
    const start = this.#input.at;
    const isWhole = this.#readNext(sink, parseStart);
    if (!isWhole) this.#input.at = start;
    return isWhole;
  }

  #readNext(sink: RdbSink, parseStart: number): boolean {
    switch (this.#state) {
      case 'magic':
        return this.#readMagic(sink);
      case 'items':
        return this.#readItem(sink, parseStart);
      case 'checksum':
        return this.#readChecksum();
      case 'large-item':
      case 'done':
        break;
    }
    return true;
  }

  /** Begins a large item: the cursor is where its first step reads. */
  #begin(decode: (context: ValueContext) => Steps, sink: RdbSink): true {
    this.#context ??= newValueContext(this.#input, this.#entry, sink);
    this.#largeItem = decode(this.#context);
    this.#state = 'large-item';
    return true;
  }

  /** False when bytes are missing: the cursor stays where the item goes on. */
  #goOn(largeItem: Steps, sink: RdbSink): boolean {
    const input = this.#input;
    if (this.#context !== null) this.#context.sink = sink;
    if (largeItem.next().done !== true) return input.at >= input.pauseAt;
    this.#largeItem = null;
    this.#state = 'items';
    this.#entry.reset();
    return true;
  }

  #readMagic(sink: RdbSink): boolean {
    const input = this.#input;
    if (!input.peek(magicBytes)) return false;
    const magic = input.bytes.toString('latin1', input.at, input.at + magicBytes);
    const [, maker, digits] = /^(REDIS|VALKEY)(\d+)$/.exec(magic) ?? [];
    if (maker === undefined) throw input.error('bad-magic', 'no RDB signature');
    const version = Number(digits);
    // Valkey has a signature of its own since its format parted from Redis's [Valkey 9].
    if (maker === 'VALKEY' || version < 1 || version > newestRdbVersion) {
      const detail = `RDB version ${version} of ${maker}, this reader knows 1 to ${newestRdbVersion}`;
      throw input.error('unsupported-version', detail);
    }
    input.skip(magicBytes);
    this.#version = version;
    this.#state = 'items';
    sink.header?.(version);
    return true;
  }

  /** An entry, a fact that belongs to the entry after it, or one about the file. */
  #readItem(sink: RdbSink, parseStart: number): boolean {
    const input = this.#input;
    const code = input.byte();
    if (code === incomplete) return false;
    if (code < firstOpcode) return this.#readEntry(code, sink);
    switch (code) {
      case rdbOpcode.expireTimeMs:
        return this.#readExpireTimeMs();
      case rdbOpcode.expireTime:
        return this.#readExpireTime();
      case rdbOpcode.idle:
        return (this.#entry.idleSeconds = input.length()) !== incomplete;
      case rdbOpcode.freq:
        return (this.#entry.freq = input.byte()) !== incomplete;
      case rdbOpcode.aux:
        return this.#readAux(sink);
      case rdbOpcode.selectDb:
        return this.#readSelectDb(sink);
      case rdbOpcode.resizeDb:
        return this.#readResizeDb(sink);
      case rdbOpcode.slotInfo:
        return this.#skipSlotInfo(sink);
      case rdbOpcode.function2:
        return this.#skipFunction(sink);
      case rdbOpcode.functionPreGa:
        return this.#skipPreGaFunction(sink);
      case rdbOpcode.moduleAux:
        return this.#begin(skipModuleAux, sink);
      case rdbOpcode.eof:
        this.#onEof(parseStart);
        return true;
      default:
        input.at--;
        throw input.error('unknown-opcode', `unknown opcode ${code}`);
    }
  }

  #readEntry(type: number, sink: RdbSink): boolean {
    const input = this.#input;
    const entry = this.#entry;
    if (type !== rdbType.string) {
      const decode = valueDecoder(type, input.offset - 1);
      if (!input.string(entry.key)) return false;
      // The value may take more pieces than the one that the key lies in.
      entry.key.keep();
      return this.#begin(decode, sink);
    }
    const [key, value] = [entry.key, this.#text];
    if (!readPair(input, key, value)) return false;
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
    entry.reset();
    return true;
  }

  #readExpireTimeMs(): boolean {
    const input = this.#input;
    if (!input.peek(8)) return false;
    this.#entry.expireAtMs = sensibleExpiry(input.int64());
    return true;
  }

  #readExpireTime(): boolean {
    const input = this.#input;
    if (!input.peek(4)) return false;
    this.#entry.expireAtMs = sensibleExpiry(input.bytes.readInt32LE(input.at) * 1000);
    return input.skip(4);
  }

  #readAux(sink: RdbSink): boolean {
    const [input, name, value] = [this.#input, this.#text, this.#otherText];
    if (!input.string(name) || !input.string(value)) return false;
    if (!areFieldTimes(name)) sink.aux(asText(name), asText(value));
    else if (sink.fieldTimes?.(this.#entry.key, value) === false) {
      throw input.error('bad-element', 'times of fields that cannot be');
    }
    return true;
  }

  #readSelectDb(sink: RdbSink): boolean {
    const index = this.#input.length();
    if (index === incomplete) return false;
    sink.selectDb(index);
    return true;
  }

  #readResizeDb(sink: RdbSink): boolean {
    const keys = this.#input.length();
    if (keys === incomplete) return false;
    const expires = this.#input.length();
    if (expires === incomplete) return false;
    sink.resizeDb(keys, expires);
    return true;
  }

  #skipSlotInfo(sink: RdbSink): boolean {
    if (!this.#skipLengths(3)) return false;
    sink.skipped?.('slot-info');
    return true;
  }

  #skipFunction(sink: RdbSink): boolean {
    if (!this.#input.string(this.#text)) return false;
    sink.skipped?.('function-library');
    return true;
  }

  /** Library name, engine, whether a description follows, the description, the source. */
  #skipPreGaFunction(sink: RdbSink): boolean {
    const input = this.#input;
    if (!input.string(this.#text) || !input.string(this.#text)) return false;
    const described = input.length();
    if (described === incomplete) return false;
    if (described > 0 && !input.string(this.#text)) return false;
    return this.#skipFunction(sink);
  }

  #skipLengths(count: number): boolean {
    for (let index = 0; index < count; index++) {
      if (this.#input.length() === incomplete) return false;
    }
    return true;
  }

  #onEof(parseStart: number): void {
    this.#addToSum(parseStart);
    this.#state = this.#version < firstChecksumVersion ? 'done' : 'checksum';
  }

  #readChecksum(): boolean {
    const input = this.#input;
    if (!input.peek(checksumBytes)) return false;
    const written = input.bytes.readBigUInt64LE(input.at);
    // Zero stands for "not computed": the writer ran with `rdbchecksum no`.
    if (this.#crc !== undefined && written !== 0n && written !== this.#crc.value) {
      const [inFile, computed] = [written, this.#crc.value].map((sum) => sum.toString(16));
      throw input.error(
        'bad-checksum',
        `CRC error: checksum ${inFile} in the file, ${computed} computed`,
      );
    }
    input.skip(checksumBytes);
    this.#state = 'done';
    return true;
  }

  /** The sum covers everything up to the checksum itself. */
  #addToSum(parseStart: number): void {
    if (this.#state === 'checksum' || this.#state === 'done') return;
    this.#crc?.update(this.#input.bytes, parseStart, this.#input.at);
  }
}

/** -1 has a meaning of its own; anything else before 1970 has expired like 1970. */
function sensibleExpiry(expireAtMs: number): number {
  return expireAtMs < -1 ? 0 : expireAtMs;
}

function asText(window: StringWindow): string {
  return window.bytes.toString('utf8', window.start, window.end);
}
