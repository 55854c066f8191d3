/**
 * A hash: fields and values by turns in a listpack while they are few and short, then in a ByteMap.
 * The forms and when one becomes the other are Redis 7.0's; it never goes back to the listpack.
 * Fields that end have their times in a table beside it, made with the first of them.
 *
 * A field is addressed by its `ref`, whatever the form, until the hash changes. Used by the hash
 * commands and the RDB loader; it knows nothing of keys, replies or clocks: a field past its time is
 * as good as any here, see live-fields.ts.
 */
import { ByteMap } from './byte-map.ts';
import { FieldTimes } from './field-times.ts';
import { Listpack } from './listpack.ts';
import {
  type ElementObserver,
  takeHashSeed,
  type Value,
  type ValueSettings,
  valueTypes,
} from './value.ts';

/** A listpack is never let grow beyond this, whatever the settings say. [listpack.c, 7.0] */
const maxListpackBytes = 1 << 30;
/** This object, the listpack and its buffer without their bytes. */
const overheadBytes = 360;

/** What readers see of a hash. */
export interface HashFields {
  readonly size: number;
  readonly windowBuffer: Buffer;
  readonly windowStart: number;
  readonly windowEnd: number;
  find(bytes: Uint8Array, start: number, end: number): number;
  readField(ref: number): void;
  readValue(ref: number): void;
  walk(from: number, visit: (ref: number) => boolean): number;
  sample(random: () => number): number;
}

export class HashValue implements Value, HashFields {
  readonly type = valueTypes.hash;
  accountedBytes = 0;
  /** The window that `readField` or `readValue` last opened; valid until the next read or change. */
  windowBuffer: Buffer;
  windowStart = 0;
  windowEnd = 0;
  /** Told of fields, once it has left the listpack. */
  observer: ElementObserver | null = null;

  readonly #settings: ValueSettings;
  #fields: Listpack | ByteMap = new Listpack();
  #times: FieldTimes | null = null;

  constructor(settings: ValueSettings) {
    this.#settings = settings;
    this.windowBuffer = this.#fields.windowBuffer;
  }

  get size(): number {
    const fields = this.#fields;
    return fields instanceof Listpack ? fields.length / 2 : fields.size;
  }

  get encoding(): string {
    if (!(this.#fields instanceof Listpack)) return 'hashtable';
    return this.#times === null ? 'listpack' : 'listpackex';
  }

  get memoryBytes(): number {
    const fields = this.#fields;
    const bytes = fields instanceof Listpack ? fields.reservedBytes : fields.memoryBytes;
    return overheadBytes + bytes + (this.#times === null ? 0 : this.#times.memoryBytes);
  }

  /** The whole hash as a listpack, while it is one; for reading. */
  get listpack(): Listpack | null {
    return this.#fields instanceof Listpack ? this.#fields : null;
  }

  /**
   * Takes over the whole of a valid listpack of fields and values while this hash is still empty:
   * the way in for what has been saved. False when it is too large to stay one; `longestBytes` is
   * the length of its longest element.
   */
  adoptListpack(bytes: Uint8Array, start: number, end: number, longestBytes: number): boolean {
    const { hashMaxListpackEntries, hashMaxListpackValue } = this.#settings;
    if (longestBytes > hashMaxListpackValue) return false;
    const fields = Listpack.from(bytes, start, end);
    if (fields.length > hashMaxListpackEntries * 2) return false;
    this.#fields = fields;
    return true;
  }

  /** The field with these bytes, 0 when there is none. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const fields = this.#fields;
    if (fields instanceof Listpack) return fields.find(bytes, start, end, fields.first(), 1);
    return fields.find(bytes, start, end);
  }

  /** See `ByteMap.foundPosition`; 0 while it is a listpack. */
  get foundPosition(): number {
    return this.#fields instanceof Listpack ? 0 : this.#fields.foundPosition;
  }

  has(bytes: Uint8Array, start: number, end: number): boolean {
    return this.find(bytes, start, end) !== 0;
  }

  /** When fields end; null where none ever got a time. Changed through the hash alone. */
  get times(): FieldTimes | null {
    return this.#times;
  }

  /**
   * Gives a field a value; true when the field is new. It lasts from now on, or ends at `expireAtMs`.
   * Neither may be a window of this hash.
   */
  set(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expireAtMs = -1,
  ): boolean {
    const isNew = this.setKeepingTime(field, fieldStart, fieldEnd, value, valueStart, valueEnd);
    if (expireAtMs >= 0) this.expireField(field, fieldStart, fieldEnd, expireAtMs);
    else if (this.#times !== null) this.#times.remove(field, fieldStart, fieldEnd);
    return isNew;
  }

  /** The same for a field whose time to end stays as it is. */
  setKeepingTime(
    field: Uint8Array,
    fieldStart: number,
    fieldEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const fields = this.#leaveListpackFor(fieldEnd - fieldStart, valueEnd - valueStart);
    if (fields instanceof Listpack) {
      const at = fields.find(field, fieldStart, fieldEnd, fields.first(), 1);
      if (at !== 0) {
        fields.replace(fields.next(at), value, valueStart, valueEnd);
        return false;
      }
      fields.append(field, fieldStart, fieldEnd);
      fields.append(value, valueStart, valueEnd);
      if (fields.length > this.#settings.hashMaxListpackEntries * 2) this.#leaveListpack(fields);
      return true;
    }
    this.observer?.beforeChange(field, fieldStart, fieldEnd);
    const ref = fields.find(field, fieldStart, fieldEnd);
    if (ref !== 0) fields.setValue(ref, value, valueStart, valueEnd);
    else fields.insert(field, fieldStart, fieldEnd, value, valueStart, valueEnd);
    return ref === 0;
  }

  /** True when there was such a field. */
  remove(bytes: Uint8Array, start: number, end: number): boolean {
    this.observer?.beforeChange(bytes, start, end);
    const ref = this.find(bytes, start, end);
    if (ref === 0) return false;
    const fields = this.#fields;
    if (fields instanceof Listpack) fields.removeRange(ref, 2);
    else fields.remove(ref);
    if (this.#times !== null) this.#times.remove(bytes, start, end);
    return true;
  }

  /** Gives a field that is there a time to end, Unix milliseconds; 0 stands for never in files. */
  expireField(field: Uint8Array, start: number, end: number, atMs: number): void {
    this.observer?.beforeChange(field, start, end);
    this.#times ??= new FieldTimes(takeHashSeed(this.#settings));
    this.#times.set(field, start, end, Math.max(atMs, 1));
  }

  /** Makes a field last; false when it did. */
  persistField(field: Uint8Array, start: number, end: number): boolean {
    if (this.#times === null) return false;
    this.observer?.beforeChange(field, start, end);
    return this.#times.remove(field, start, end);
  }

  /** When a field ends, Unix milliseconds, −1 for never. */
  expireAt(field: Uint8Array, start: number, end: number): number {
    return this.#times === null ? -1 : this.#times.at(field, start, end);
  }

  /** Opens the window on the field's bytes. */
  readField(ref: number): void {
    const fields = this.#fields;
    if (fields instanceof Listpack) fields.read(ref);
    else fields.readKey(ref);
    this.#takeWindow(fields);
  }

  /** Opens the window on the bytes of the field's value. */
  readValue(ref: number): void {
    const fields = this.#fields;
    if (fields instanceof Listpack) fields.read(fields.next(ref));
    else fields.readValue(ref);
    this.#takeWindow(fields);
  }

  /**
   * Visits fields as SCAN does: see `HashIndex.walk`. A listpack is visited whole, in order,
   * whatever `visit` returns. `visit` must not change the hash.
   */
  walk(from: number, visit: (ref: number) => boolean): number {
    const fields = this.#fields;
    if (!(fields instanceof Listpack)) return fields.walk(from, visit);
    for (let at = fields.first(); at !== 0; at = fields.next(fields.next(at))) visit(at);
    return 0;
  }

  /** A random field, each as likely as any other; 0 when there is none. */
  sample(random: () => number): number {
    const fields = this.#fields;
    if (!(fields instanceof Listpack)) return fields.sample(random);
    return fields.seek(2 * Math.floor((random() * fields.length) / 2));
  }

  copy(): HashValue {
    const copy = new HashValue(this.#settings);
    const fields = this.#fields;
    copy.#fields =
      fields instanceof Listpack ? fields.copy() : fields.copy(takeHashSeed(this.#settings));
    copy.#times = this.#times?.copy(takeHashSeed(this.#settings)) ?? null;
    return copy;
  }

  #takeWindow(fields: Listpack | ByteMap): void {
    this.windowBuffer = fields.windowBuffer;
    this.windowStart = fields.windowStart;
    this.windowEnd = fields.windowEnd;
  }

  /** A listpack takes neither long elements nor so many that it gets too large. */
  #leaveListpackFor(fieldBytes: number, valueBytes: number): Listpack | ByteMap {
    const fields = this.#fields;
    if (!(fields instanceof Listpack)) return fields;
    const limit = this.#settings.hashMaxListpackValue;
    const fits =
      fieldBytes <= limit &&
      valueBytes <= limit &&
      fields.byteLength + fieldBytes + valueBytes <= maxListpackBytes;
    return fits ? fields : this.#leaveListpack(fields);
  }

  #leaveListpack(fields: Listpack): ByteMap {
    const map = new ByteMap(takeHashSeed(this.#settings));
    for (let at = fields.first(); at !== 0; at = fields.next(fields.next(at))) {
      fields.read(at);
      // Of two integers only one can be read at a time.
      const field = Buffer.from(fields.windowBuffer.subarray(fields.windowStart, fields.windowEnd));
      fields.read(fields.next(at));
      const { windowBuffer, windowStart, windowEnd } = fields;
      map.insertNew(field, 0, field.length, windowBuffer, windowStart, windowEnd);
    }
    this.#fields = map;
    return map;
  }
}
