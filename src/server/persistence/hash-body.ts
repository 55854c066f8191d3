/**
 * Hashes as the bodies of RDB entries, as far as they are tables or have fields that end; small plain
 * ones are written as they lie, see body-of.ts. In a file the times follow the hash, in a payload
 * they stand with the fields: see rdb/values/field-times.ts.
 */
import { rdbType } from '../../rdb/opcodes.ts';
import type { RdbOutput } from '../../rdb/rdb-output.ts';
import { FieldTimesWriter } from '../../rdb/values/field-times.ts';
import type { HashValue } from '../types/hash-value.ts';
import { workOf, workOfBytes } from './body-work.ts';
import { TableBody } from './table-body.ts';
import type { ValueBody } from './value-body.ts';

export function hasTimes({ times }: HashValue): boolean {
  return times !== null && times.size !== 0;
}

/** A large hash for a file. */
export function hashBody(hash: HashValue): ValueBody {
  if (!hasTimes(hash))
    return new TableBody(
      rdbType.hash,
      elementsOf(hash, () => undefined),
    );
  const times = new FieldTimesWriter();
  const body = new TableBody(
    rdbType.hash,
    elementsOf(hash, () => addTime(times, hash)),
  );
  return new FollowedByTimes(body, times);
}

/** A small one for a file, which is written as `body`. */
export function followedByTimes(hash: HashValue, body: ValueBody): ValueBody {
  const times = new FieldTimesWriter();
  hash.times?.walk(0, (window, atMs) => {
    times.add(window.windowBuffer, window.windowStart, window.windowEnd, atMs);
    return true;
  });
  return new FollowedByTimes(body, times);
}

/** A hash for a payload. */
export function hashWithTimes(hash: HashValue): ValueBody {
  const firstMs = hash.times?.nextMs ?? 0;
  const writeTime = (output: RdbOutput): void => {
    const at = hash.expireAt(hash.windowBuffer, hash.windowStart, hash.windowEnd);
    output.length(at < 0 ? 0 : at - firstMs + 1);
  };
  return new TableBody(rdbType.hashMetadata, {
    ...elementsOf(hash, writeTime),
    writeHead: (output) => output.int64(firstMs),
  });
}

/** `before` is called for each field while the hash's window shows its name. */
function elementsOf(hash: HashValue, before: (output: RdbOutput) => void) {
  return {
    table: hash,
    readName: (ref: number): void => hash.readField(ref),
    write: (output: RdbOutput, ref: number): number => {
      before(output);
      output.string(hash.windowBuffer, hash.windowStart, hash.windowEnd);
      const work = workOf(hash);
      hash.readValue(ref);
      output.string(hash.windowBuffer, hash.windowStart, hash.windowEnd);
      return work + workOf(hash);
    },
  };
}

/** When the field in the hash's window ends, if it does. */
function addTime(times: FieldTimesWriter, hash: HashValue): void {
  const { windowBuffer, windowStart, windowEnd } = hash;
  const at = hash.expireAt(windowBuffer, windowStart, windowEnd);
  if (at >= 0) times.add(windowBuffer, windowStart, windowEnd, at);
}

/** A hash, then the times that have been collected while it was written. */
class FollowedByTimes implements ValueBody {
  readonly rdbType: number;
  readonly #hash: ValueBody;
  readonly #times: FieldTimesWriter;
  #hashIsWritten = false;

  constructor(hash: ValueBody, times: FieldTimesWriter) {
    this.rdbType = hash.rdbType;
    this.#hash = hash;
    this.#times = times;
  }

  write(output: RdbOutput, work: number): boolean {
    if (!this.#hashIsWritten) {
      this.#hashIsWritten = this.#hash.write(output, work);
      if (!this.#hashIsWritten) return false;
    }
    for (let left = work; left > 0;) {
      const bytes = this.#times.writeNext(output);
      if (bytes === 0) return true;
      left -= workOfBytes(bytes);
    }
    return false;
  }

  guard(): void {
    this.#hash.guard();
  }

  release(): void {
    this.#hash.release();
  }
}
