/**
 * Looks over one node of a stream, a listpack of entries, before anybody walks through it:
 *
 *     node    master entry…
 *     master  live deleted fieldCount field… 0
 *     entry   flags msDelta seqDelta [fieldCount] (value… or (field value)…) elements
 *
 * Flag 1: deleted; flag 2: the master's fields, whose names are left out. The deltas count from the
 * node's own id. Everything that walking, counting and searching rely on is checked, the order of
 * the ids above all. Used by the decoder of streams.
 */
import type { StringWindow } from '../string-window.ts';
import { elementError, type Place } from './element-reader.ts';
import { ListpackReader } from './listpack.ts';
import { bigIntegerElement, integerElement, isIntegerElement } from './listpack-encoding.ts';
import { compareIds, StreamId } from './stream-id.ts';

const isDeleted = 1;
const hasMasterFields = 2;

/**
 * Checks the node in `blob`; all its ids must lie behind `lastId`, which becomes the last of them.
 * Throws RdbError.
 */
export function surveyStreamNode(
  blob: StringWindow,
  place: Place,
  nodeId: Readonly<StreamId>,
  lastId: StreamId,
): void {
  const survey = new Survey(blob, place);
  const live = survey.count();
  const deleted = survey.count();
  const fieldCount = survey.count();
  survey.skip(fieldCount);
  if (survey.count() !== 0) throw survey.error('no end of the master entry');
  if (compareIds(nodeId, lastId) <= 0) throw survey.error('nodes out of order');
  const id = new StreamId();
  let liveSeen = 0;
  const entries = live + deleted;
  if (entries === 0) throw survey.error('no entries');
  for (let entry = 0; entry < entries; entry++) {
    const flags = survey.count();
    id.setFrom(nodeId, survey.exactInteger(), survey.exactInteger());
    if (compareIds(id, entry === 0 ? nodeId : lastId) < (entry === 0 ? 0 : 1)) {
      throw survey.error('ids out of order');
    }
    lastId.copyFrom(id);
    const sameFields = (flags & hasMasterFields) !== 0;
    const values = sameFields ? fieldCount : survey.count() * 2;
    survey.skip(values);
    if (survey.count() !== values + (sameFields ? 3 : 4)) throw survey.error('a wrong count');
    if ((flags & isDeleted) === 0) liveSeen++;
  }
  if (!survey.isAtEnd) throw survey.error('more than its entries');
  if (liveSeen !== live) throw survey.error(`${liveSeen} entries where it counts ${live}`);
}

/** Steps from element to element of a listpack whose meaning is known. */
class Survey {
  readonly #blob: StringWindow;
  readonly #place: Place;
  readonly #reader: ListpackReader;

  constructor(blob: StringWindow, place: Place) {
    this.#blob = blob;
    this.#place = place;
    this.#reader = new ListpackReader(blob, place);
  }

  get isAtEnd(): boolean {
    return !this.#reader.step();
  }

  /** The next element, which must be an integer that is not negative. */
  count(): number {
    const value = Number(this.exactInteger());
    if (value < 0) throw this.error('a negative count');
    return value;
  }

  /** The next element, which must be an integer; a bigint where a number is not exact. */
  exactInteger(): number | bigint {
    this.#step();
    const { bytes } = this.#blob;
    const at = this.#reader.elementStart;
    if (!isIntegerElement(bytes, at)) throw this.error('no integer where one should be');
    const value = integerElement(bytes, at);
    return Number.isSafeInteger(value) ? value : bigIntegerElement(bytes, at);
  }

  skip(count: number): void {
    for (let left = count; left > 0; left--) this.#step();
  }

  error(why: string): Error {
    return elementError(this.#place, why);
  }

  #step(): void {
    if (!this.#reader.step()) throw this.error('too few elements');
  }
}
