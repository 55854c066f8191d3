/**
 * The payload of DUMP and RESTORE: one value, as it stands in an RDB file, with a footer that
 * tells whether the receiver can read it. Writer and reader side by side; used by those commands.
 *
 *   payload = type:1 value rdb-version:2 checksum:8       (little endian; the sum covers the rest)
 */
import { Crc64 } from './crc64.ts';
import { newestRdbVersion, payloadVersion, rdbType } from './opcodes.ts';
import { RdbError } from './rdb-error.ts';
import { RdbInput } from './rdb-input.ts';
import { RdbOutput } from './rdb-output.ts';
import { StringWindow } from './string-window.ts';
import { valueDecoder } from './value-decoders.ts';
import { RdbEntry, type RdbValueSink } from './value-sink.ts';
import { newValueContext, type ValueContext } from './values/value-context.ts';

const footerBytes = 2 + 8;

/** Payloads are mostly short; longer ones take more blocks. */
const dumpBlockBytes = 4096;

/** The payload of a value; `writeBody` writes what follows the type byte. */
export function writeDumpPayload(
  type: number,
  writeBody: (output: RdbOutput) => void,
  options: { compress?: boolean } = {},
): Buffer {
  const payload = newDumpPayload(type, options);
  writeBody(payload.output);
  return Buffer.concat(payload.finish());
}

/** A payload whose body comes in pieces. */
export interface DumpPayloadWriter {
  /** Takes what follows the type byte. */
  readonly output: RdbOutput;
  /** Returns the payload in blocks, as long as it is. */
  finish(): Uint8Array[];
}

export function newDumpPayload(
  type: number,
  options: { compress?: boolean } = {},
): DumpPayloadWriter {
  const blocks: Uint8Array[] = [];
  // A borrowed block is a window on a value that may change before the payload is used.
  const sink = (block: Uint8Array, borrowed: boolean): number =>
    blocks.push(borrowed ? Buffer.from(block) : block);
  const output = new RdbOutput({ ...options, sink, blockBytes: dumpBlockBytes });
  output.byte(type);
  return {
    output,
    finish: () => {
      const version = payloadVersion(type);
      output.byte(version & 0xff);
      output.byte(version >>> 8);
      output.end();
      return blocks;
    },
  };
}

export type DumpPayload =
  /** `body` is a window on the payload: what follows the type byte. */
  | { readonly kind: 'ok'; readonly type: number; readonly body: Buffer }
  /** To the client all of these are "DUMP payload version or checksum are wrong". */
  | { readonly kind: 'error'; readonly because: 'too-short' | 'newer-version' | 'bad-checksum' };

/** Takes a payload apart and verifies its footer. The value itself is not looked at. */
export function readDumpPayload(
  payload: Buffer,
  options: { verifyChecksum?: boolean } = {},
): DumpPayload {
  const footer = payload.length - footerBytes;
  if (footer < 1) return { kind: 'error', because: 'too-short' };
  if (payload.readUInt16LE(footer) > newestRdbVersion) {
    return { kind: 'error', because: 'newer-version' };
  }
  if ((options.verifyChecksum ?? true) && !isChecksumRight(payload, footer + 2)) {
    return { kind: 'error', because: 'bad-checksum' };
  }
  return { kind: 'ok', type: payload[0], body: payload.subarray(1, footer) };
}

function isChecksumRight(payload: Buffer, at: number): boolean {
  const crc = new Crc64();
  crc.update(payload, 0, at);
  return payload.readBigUInt64LE(at) === crc.value;
}

/**
 * Decodes the value of a payload and hands it to the sink under `key` with no expiry.
 * Throws RdbError (offsets count from the body's first byte) when the bytes are not a value of
 * `type`; to the client that is "Bad data format".
 */
export function decodeDumpBody(type: number, body: Buffer, key: Buffer, sink: RdbValueSink): void {
  const input = RdbInput.over(body);
  const isWhole =
    type === rdbType.string
      ? decodeString(input, key, sink)
      : valueDecoder(type, 0)(collectionContext(input, key, sink)).next().done === true;
  if (!isWhole) throw new RdbError('truncated', body.length, 'the value ends in the middle');
}

function decodeString(input: RdbInput, key: Buffer, sink: RdbValueSink): boolean {
  const value = new StringWindow();
  if (!input.string(value)) return false;
  sink.string(key, 0, key.length, value.bytes, value.start, value.end, -1, -1, -1);
  return true;
}

function collectionContext(input: RdbInput, key: Buffer, sink: RdbValueSink): ValueContext {
  const entry = new RdbEntry();
  entry.key.show(key, 0, key.length);
  return newValueContext(input, entry, sink);
}
