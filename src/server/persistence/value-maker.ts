/**
 * Makes collections out of what the RDB decoders hand over: the value that is being filled, and the
 * class of each kind. Used by whoever is an RdbValueSink: the loader of files, RESTORE. Counterpart
 * of body-of.ts.
 */
import type {
  HashTarget,
  ListTarget,
  SetTarget,
  StreamTarget,
  ZsetTarget,
} from '../../rdb/value-sink.ts';
import { assert } from '../../util/errors.ts';
import { HashValue } from '../types/hash-value.ts';
import { ListValue } from '../types/list-value.ts';
import { SetValue } from '../types/set-value.ts';
import { StreamLoader } from '../types/stream-loader.ts';
import { StreamValue } from '../types/stream-value.ts';
import { type Value, type ValueSettings, valueTypes } from '../types/value.ts';
import { ZsetValue } from '../types/zset-value.ts';

export class ValueMaker {
  readonly #settings: ValueSettings;
  #value: Value | null = null;

  constructor(settings: ValueSettings) {
    this.#settings = settings;
  }

  /** A collection has begun and not ended. */
  get isFilling(): boolean {
    return this.#value !== null;
  }

  beginList(): ListTarget {
    return this.#begin(new ListValue(this.#settings));
  }

  beginSet(): SetTarget {
    return this.#begin(new SetValue(this.#settings));
  }

  beginHash(): HashTarget {
    return this.#begin(new HashValue(this.#settings));
  }

  beginZset(): ZsetTarget {
    return this.#begin(new ZsetValue(this.#settings));
  }

  beginStream(): StreamTarget {
    return new StreamLoader(this.#begin(new StreamValue(this.#settings)));
  }

  /** The collection that has been filled since the last `begin…`; null if it stayed empty. */
  end(): Value | null {
    const value = this.#value;
    assert(value !== null, 'a collection has begun');
    this.#value = null;
    return value.size === 0 && value.type !== valueTypes.stream ? null : value;
  }

  #begin<T extends Value>(value: T): T {
    this.#value = value;
    return value;
  }
}
