/**
 * The inner loop of CRC-64 as a WebAssembly module of a few hundred bytes, assembled here by hand:
 * 64-bit integers exist there and not in JavaScript, which makes it about four times as fast as
 * the best loop over pairs of 32-bit numbers. Called by crc64.ts alone; it knows nothing of RDB.
 *
 * Memory of an instance:
 *
 *   0                  32 KiB                             32 KiB + inputBytes
 *   | 16 tables of     | the input, copied in before      |
 *   | 256 × 8 bytes    | each call                        |
 *
 * Table 0 is the CRC of each single byte; table k is table 0 followed by k zero bytes. Sixteen
 * input bytes are then sixteen independent lookups, XORed ("slicing by 16").
 */

/** Reflected form of the Jones polynomial ad93d23594c935a9. */
const reflectedPolynomial = 0x95ac9329ac4bc9b5n;
const tableCount = 16;
const tableBytes = 256 * 8;
const tablesEnd = tableCount * tableBytes;
const wasmPageBytes = 65536;

/** How much one call can take. Small enough that the copy stays in the second-level cache. */
const inputBytes = 2 * wasmPageBytes - tablesEnd;

/** The part of the WebAssembly API used here; neither lib es2023 nor Node's types declare it. */
interface WebAssemblyApi {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: Record<string, unknown> };
}

export interface Crc64Kernel {
  /** Room for the bytes of the next `run`. */
  readonly input: Uint8Array;
  /** The CRC after the first `length` bytes of `input`, given the CRC before (both as int64). */
  run(crc: bigint, length: number): bigint;
}

export function createCrc64Kernel(): Crc64Kernel {
  const api = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
  const { exports } = new api.Instance(new api.Module(assembleModule()));
  const memory = exports['memory'] as { buffer: ArrayBuffer };
  const crc64 = exports['crc64'] as (crc: bigint, start: number, end: number) => bigint;
  fillTables(new BigUint64Array(memory.buffer, 0, tablesEnd / 8));
  return {
    input: new Uint8Array(memory.buffer, tablesEnd, inputBytes),
    run: (crc, length) => crc64(crc, tablesEnd, tablesEnd + length),
  };
}

function fillTables(tables: BigUint64Array): void {
  for (let byte = 0; byte < 256; byte++) {
    let crc = BigInt(byte);
    for (let bit = 0; bit < 8; bit++)
      crc = (crc & 1n) === 0n ? crc >> 1n : (crc >> 1n) ^ reflectedPolynomial;
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const shorter = tables[at - 256];
    tables[at] = (shorter >> 8n) ^ tables[Number(shorter & 0xffn)];
  }
}

// ── The module, section by section ──────────────────────────────────────────────────────────

type Code = readonly number[];

const i32 = 0x7f;
const i64 = 0x7e;
const functionType = 0x60;
const magicAndVersion: Code = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]; // "\0asm", 1

function assembleModule(): Uint8Array {
  return Uint8Array.from([
    ...magicAndVersion,
    ...section(1, list([[functionType, ...list([[i64], [i32], [i32]]), ...list([[i64]])]])),
    ...section(3, list([[0]])), // one function, of type 0
    ...section(5, list([[0x00, ...leb((tablesEnd + inputBytes) / wasmPageBytes)]])),
    ...section(7, list([exported('memory', 0x02), exported('crc64', 0x00)])),
    ...section(10, list([sized([...list([[2, i64]]), ...crc64Body(), end])])), // 2 i64 locals
  ]);
}

const section = (id: number, content: Code): Code => [id, ...sized(content)];
const sized = (content: Code): Code => [...leb(content.length), ...content];
const list = (items: readonly Code[]): Code => [...leb(items.length), ...items.flat()];
const exported = (name: string, kind: number): Code => [...sized([...Buffer.from(name)]), kind, 0];

/** Unsigned LEB128: seven bits per byte, least significant first. */
function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

// ── The function: crc64(crc: i64, at: i32, stop: i32): i64 ──────────────────────────────────

const crc = 0; // parameters and locals by number
const at = 1;
const stop = 2;
const low = 3;
const high = 4;
const end = 0x0b;

/**
 * while (at + 16 <= stop) { low, high = the next two words; crc = sixteen lookups; at += 16 }
 * while (at < stop)       { crc = crc >> 8 ^ table0[(crc ^ byte) & 255]; at += 1 }
 * return crc
 */
function crc64Body(): Code {
  const sixteen: Code = [
    ...set(low, i64Xor(get(crc), i64Load(0, get(at)))),
    ...set(high, i64Load(8, get(at))),
    // The high word first: it does not depend on the previous round's sum.
    ...set(crc, i64Xor(lookUpEight(high, 0), lookUpEight(low, 8))),
    ...set(at, i32Add(get(at), i32Const(16))),
  ];
  const one: Code = [
    ...set(low, i64Xor(get(crc), i64LoadByte(get(at)))),
    ...set(crc, i64Xor(i64ShiftRight(get(crc), 8), i64Load(0, entryOffset(low, 0)))),
    ...set(at, i32Add(get(at), i32Const(1))),
  ];
  return [
    ...loopUntil(i32Greater(i32Add(get(at), i32Const(16)), get(stop)), sixteen),
    ...loopUntil(i32GreaterOrEqual(get(at), get(stop)), one),
    ...get(crc),
  ];
}

/**
 * XOR of the eight lookups of one word; its first (lowest) byte is the farthest from the end.
 * A balanced tree, because a chain of eight would make each wait for the one before.
 */
function lookUpEight(word: number, bytesAfter: number): Code {
  const pairs = [0, 2, 4, 6].map((index) =>
    i64Xor(
      i64Load((bytesAfter + 7 - index) * tableBytes, entryOffset(word, index)),
      i64Load((bytesAfter + 6 - index) * tableBytes, entryOffset(word, index + 1)),
    ),
  );
  return i64Xor(i64Xor(pairs[0], pairs[1]), i64Xor(pairs[2], pairs[3]));
}

/** Byte number `index` of the word times 8, the size of an entry: shifted into place, masked. */
function entryOffset(word: number, index: number): Code {
  const bits = index * 8 - 3;
  const moved = bits < 0 ? i64ShiftLeft(get(word), -bits) : i64ShiftRight(get(word), bits);
  return i32And(i32Wrap(moved), i32Const(0xff << 3));
}

// One function per instruction: operands first, then the opcode.
const get = (local: number): Code => [0x20, local];
const set = (local: number, value: Code): Code => [...value, 0x21, local];
const i32Const = (value: number): Code => [0x41, ...signedLeb(value)];
const i64Const = (value: number): Code => [0x42, ...signedLeb(value)];
const i64Load = (offset: number, address: Code): Code => [...address, 0x29, 0, ...leb(offset)];
const i64LoadByte = (address: Code): Code => [...address, 0x31, 0, 0];
const i32Wrap = (value: Code): Code => [...value, 0xa7];
const i32Add = (a: Code, b: Code): Code => [...a, ...b, 0x6a];
const i32And = (a: Code, b: Code): Code => [...a, ...b, 0x71];
const i32Greater = (a: Code, b: Code): Code => [...a, ...b, 0x4b];
const i32GreaterOrEqual = (a: Code, b: Code): Code => [...a, ...b, 0x4f];
const i64Xor = (a: Code, b: Code): Code => [...a, ...b, 0x85];
const i64ShiftLeft = (a: Code, bits: number): Code => [...a, ...i64Const(bits), 0x86];
const i64ShiftRight = (a: Code, bits: number): Code => [...a, ...i64Const(bits), 0x88];

/** block { loop { if (condition) leave the block; body; again } } */
function loopUntil(condition: Code, body: Code): Code {
  const noResult = 0x40;
  const leave = [0x0d, 1];
  const again = [0x0c, 0];
  return [0x02, noResult, 0x03, noResult, ...condition, ...leave, ...body, ...again, end, end];
}

/** Signed LEB128 of a number that is not negative: a set bit 6 of the last byte would mean minus. */
function signedLeb(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signedLeb(value >>> 7)];
}
