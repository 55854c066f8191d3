/**
 * Splits the bytes of a full resync into the RDB and what comes after it, in both forms:
 *
 *   length:  <sizeBytes bytes>                      then the command stream
 *   eof:     <any number of bytes><40-byte mark>    then the command stream
 *
 * Incremental and without copies: chunks may be cut anywhere, also inside the mark. It knows nothing
 * of the RDB format, sockets or time. Called by the load phase of the replica link.
 */
import { assert } from '../../util/errors.ts';

export type TransferForm =
  | { readonly kind: 'length'; readonly sizeBytes: number }
  | { readonly kind: 'eof'; readonly mark: Buffer };

export class RdbTransfer {
  /** Bytes of RDB handed out so far. */
  receivedBytes = 0;
  /** The RDB is complete. */
  done = false;
  readonly #form: TransferForm;
  /** How many bytes of the mark were matched at the end of what was fed: they are held back. */
  #matched = 0;
  readonly #fallbacks: Uint8Array;

  constructor(form: TransferForm) {
    this.#form = form;
    this.#fallbacks = form.kind === 'eof' ? matchFallbacks(form.mark) : new Uint8Array(0);
    if (form.kind === 'length') this.done = form.sizeBytes === 0;
  }

  /**
   * Takes the next chunk. `emit` gets the RDB's bytes in order, as views of the chunk. Returns the
   * bytes behind the RDB (empty until it is done).
   */
  feed(chunk: Uint8Array, emit: (bytes: Uint8Array) => void): Uint8Array {
    assert(!this.done, 'an RDB transfer is fed until it is done');
    const counted = (bytes: Uint8Array): void => {
      if (bytes.length === 0) return;
      this.receivedBytes += bytes.length;
      emit(bytes);
    };
    return this.#form.kind === 'length'
      ? this.#feedLength(this.#form.sizeBytes, chunk, counted)
      : this.#feedEof(this.#form.mark, chunk, counted);
  }

  #feedLength(sizeBytes: number, chunk: Uint8Array, emit: (bytes: Uint8Array) => void): Uint8Array {
    const wanted = sizeBytes - this.receivedBytes;
    emit(chunk.subarray(0, wanted));
    this.done = chunk.length >= wanted;
    return chunk.subarray(wanted);
  }

  #feedEof(mark: Buffer, chunk: Uint8Array, emit: (bytes: Uint8Array) => void): Uint8Array {
    let at = 0;
    // The mark may have begun in an earlier chunk.
    while (this.#matched > 0 && at < chunk.length) {
      const held = this.#matched;
      at += this.#matchByte(mark, chunk[at]);
      if (this.#matched === mark.length) return this.#finish(chunk, at);
      // What no longer can be the mark was payload after all, and equal to the mark's beginning.
      if (this.#matched < held) emit(mark.subarray(0, held - this.#matched));
    }
    const found = indexOfMark(chunk, mark, at);
    if (found >= 0) {
      emit(chunk.subarray(at, found));
      return this.#finish(chunk, found + mark.length);
    }
    if (this.#matched > 0) return chunk.subarray(chunk.length);
    // Hold back the longest end of the chunk that may be the beginning of the mark.
    for (let tail = Math.max(at, chunk.length - mark.length + 1); tail < chunk.length;) {
      tail += this.#matchByte(mark, chunk[tail]);
    }
    emit(chunk.subarray(at, chunk.length - this.#matched));
    return chunk.subarray(chunk.length);
  }

  /** One step of Knuth, Morris and Pratt; returns 1 when the byte was used up, 0 to try it again. */
  #matchByte(mark: Buffer, byte: number): 0 | 1 {
    if (mark[this.#matched] === byte) {
      this.#matched++;
      return 1;
    }
    if (this.#matched === 0) return 1;
    this.#matched = this.#fallbacks[this.#matched - 1];
    return 0;
  }

  #finish(chunk: Uint8Array, end: number): Uint8Array {
    this.done = true;
    return chunk.subarray(end);
  }
}

function indexOfMark(chunk: Uint8Array, mark: Buffer, from: number): number {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).indexOf(mark, from);
}

/** For each length of a match: the longest shorter match that ends at the same byte. */
function matchFallbacks(mark: Buffer): Uint8Array {
  const table = new Uint8Array(mark.length);
  for (let index = 1, length = 0; index < mark.length;) {
    if (mark[index] === mark[length]) table[index++] = ++length;
    else if (length > 0) length = table[length - 1];
    else index++;
  }
  return table;
}
