/**
 * The sum that DEBUG DIGEST computes (digest.ts says over what): twenty bytes, in two ways of taking
 * bytes in.
 *
 *     add(x):   sum ^= SHA1(x)                order does not matter
 *     chain(x): add(x); sum = SHA1(sum)       order matters
 */
import { hash } from 'node:crypto';

const sumBytes = 20;

/** Of a key that is not there. */
export const noDigest = '0'.repeat(sumBytes * 2);

export class Digest {
  readonly #sum = Buffer.alloc(sumBytes);

  clear(): void {
    this.#sum.fill(0);
  }

  /** One character a byte is by far the fastest form to get a hash out of node:crypto. */
  add(bytes: Uint8Array): void {
    const sha1 = hash('sha1', bytes, 'binary');
    for (let at = 0; at < sumBytes; at++) {
      this.#sum[at] = this.#sum[at] ^ sha1.charCodeAt(at);
    }
  }

  chain(bytes: Uint8Array): void {
    this.add(bytes);
    this.#sum.write(hash('sha1', this.#sum, 'binary'), 'latin1');
  }

  /** Adds the hash of another sum. */
  addSum(other: Digest): void {
    this.add(other.#sum);
  }

  hex(): string {
    return this.#sum.toString('hex');
  }
}

/** An id or a type as the sum takes it in: big endian. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
