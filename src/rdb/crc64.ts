/**
 * CRC-64 in the variant of RDB files and DUMP payloads: Jones polynomial, reflected, start value 0,
 * no final XOR; the check value of "123456789" is e9c6d914c4b8d9ca. On disk it is little endian.
 * Used by the RDB reader and writer and by the DUMP payload.
 */
import { createCrc64Kernel, type Crc64Kernel } from './crc64-wasm.ts';

/**
 * Made at the first use and shared by all sums. Not state in the sense of the house rule: between
 * two calls it holds nothing but constants, and making it anew (1 ms) per DUMP would be felt.
 */
let sharedKernel: Crc64Kernel | undefined;

/** A running sum. Feeding bytes in any split gives the same value. */
export class Crc64 {
  readonly #kernel: Crc64Kernel = (sharedKernel ??= createCrc64Kernel());
  /** As a signed 64-bit integer, the way WebAssembly passes it. */
  #crc = 0n;

  /** Adds `bytes[start … end)`. */
  update(bytes: Uint8Array, start = 0, end = bytes.length): void {
    const { input } = this.#kernel;
    for (let at = start; at < end; at += input.length) {
      const next = Math.min(at + input.length, end);
      input.set(bytes.subarray(at, next));
      this.#crc = this.#kernel.run(this.#crc, next - at);
    }
  }

  /** The sum so far, 0 … 2^64 − 1. */
  get value(): bigint {
    return BigInt.asUintN(64, this.#crc);
  }

  /** The sum so far as it stands in a file: 8 bytes, little endian. */
  digest(): Buffer {
    const out = Buffer.allocUnsafe(8);
    out.writeBigUInt64LE(this.value);
    return out;
  }
}
