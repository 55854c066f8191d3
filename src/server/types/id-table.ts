/**
 * Rows in the order of their stream ids: the nodes of a stream, the pending entries of a group or
 * of a consumer. A row is its id, in four 32-bit words, and a fixed number of words for whoever
 * uses the table. Rows lie in pages of typed arrays, found by binary search over the pages' first
 * ids, then within the page: finding takes O(log n), inserting and removing move at most one page.
 *
 *     page  [ msHigh msLow seqHigh seqLow  extra … ][ … ][ … ] room for up to 128 rows
 *     place = page number · 128 + row in the page; −1 means none
 *
 * A place is valid until the next `insert` or `remove`.
 */
import { compareWords, type StreamId } from '../../rdb/structure/stream-id.ts';

const rowShift = 7;
const pageRows = 1 << rowShift;
const rowMask = pageRows - 1;
/** A table with few rows is small: its only page doubles from here. */
const firstPageRows = 4;
const idWords = 4;
/** A page with fewer rows is joined with a neighbour, if the two leave room for more. */
const sparseRows = pageRows / 4;
const joinedRows = (pageRows * 3) / 4;

interface Page {
  words: Int32Array;
  count: number;
  /** A copy of the table has the same words: whichever is to change first takes its own. */
  isShared: boolean;
}

export class IdTable {
  /** Rows in the table. */
  size = 0;
  readonly #rowWords: number;
  #pages: Page[] = [];
  #pageBytes = 0;

  constructor(extraWords: number) {
    this.#rowWords = idWords + extraWords;
  }

  get memoryBytes(): number {
    return this.#pageBytes + this.#pages.length * 8;
  }

  /** Takes no time to speak of: a page is copied when one of the two changes it. */
  copy(): IdTable {
    const copy = new IdTable(this.#rowWords - idWords);
    copy.size = this.size;
    copy.#pages = this.#pages.map((page) => {
      page.isShared = true;
      const { words, count } = page;
      return { words, count, isShared: true };
    });
    copy.#pageBytes = this.#pageBytes;
    return copy;
  }

  // ---- finding ----

  /** The place of the row with this id. */
  find(id: Readonly<StreamId>): number {
    const place = this.seek(id);
    return place !== -1 && this.#isAt(place, id) ? place : -1;
  }

  /** The first row whose id is this one or a later one. */
  seek(id: Readonly<StreamId>): number {
    const pageIndex = this.#pageOf(id);
    if (pageIndex === -1) return this.first();
    const row = this.#rowOf(this.#pages[pageIndex], id);
    return this.#placeOf(pageIndex, row);
  }

  /** The last row whose id is this one or an earlier one. */
  seekBack(id: Readonly<StreamId>): number {
    const place = this.seek(id);
    if (place === -1) return this.last();
    return this.#isAt(place, id) ? place : this.previous(place);
  }

  first(): number {
    return this.size === 0 ? -1 : 0;
  }

  last(): number {
    const pageIndex = this.#pages.length - 1;
    return pageIndex === -1 ? -1 : (pageIndex << rowShift) + this.#pages[pageIndex].count - 1;
  }

  next(place: number): number {
    return this.#placeOf(place >>> rowShift, (place & rowMask) + 1);
  }

  previous(place: number): number {
    if ((place & rowMask) !== 0) return place - 1;
    const pageIndex = (place >>> rowShift) - 1;
    return pageIndex === -1 ? -1 : (pageIndex << rowShift) + this.#pages[pageIndex].count - 1;
  }

  /** How many rows there are from a place on. */
  countFrom(place: number): number {
    if (place === -1) return 0;
    let count = -(place & rowMask);
    for (let index = place >>> rowShift; index < this.#pages.length; index++) {
      count += this.#pages[index].count;
    }
    return count;
  }

  // ---- rows ----

  /** Reads the row's id into `into`. */
  readId(place: number, into: StreamId): StreamId {
    const { words } = this.#pages[place >>> rowShift];
    const at = (place & rowMask) * this.#rowWords;
    return into.set(words[at], words[at + 1], words[at + 2], words[at + 3]);
  }

  /** The row's extra word `index`, an int32. */
  word(place: number, index: number): number {
    const { words } = this.#pages[place >>> rowShift];
    return words[(place & rowMask) * this.#rowWords + idWords + index];
  }

  setWord(place: number, index: number, value: number): void {
    const page = this.#pages[place >>> rowShift];
    if (page.isShared) takeOwnWords(page);
    page.words[(place & rowMask) * this.#rowWords + idWords + index] = value;
  }

  // ---- changing ----

  /** Adds a row, its extra words 0, for an id that is not in the table; returns its place. */
  insert(id: Readonly<StreamId>): number {
    let pageIndex = Math.max(this.#pageOf(id), 0);
    let row = pageIndex < this.#pages.length ? this.#rowOf(this.#pages[pageIndex], id) : 0;
    const full = pageIndex < this.#pages.length && this.#pages[pageIndex].count === pageRows;
    if (pageIndex === this.#pages.length) {
      this.#openPage(pageIndex, firstPageRows);
    } else if (full && row === pageRows && pageIndex === this.#pages.length - 1) {
      // Ids mostly come in order: the pages they fill stay full.
      this.#openPage(++pageIndex, pageRows);
      row = 0;
    } else if (full) {
      this.#split(pageIndex);
      if (row > pageRows / 2) {
        pageIndex++;
        row -= pageRows / 2;
      }
    }
    this.#openRow(this.#pages[pageIndex], row, id);
    this.size++;
    return (pageIndex << rowShift) + row;
  }

  /** Removes a row; returns the place of the one that followed it. */
  remove(place: number): number {
    const pageIndex = place >>> rowShift;
    const row = place & rowMask;
    const page = this.#pages[pageIndex];
    const rowWords = this.#rowWords;
    if (page.isShared) takeOwnWords(page);
    page.words.copyWithin(row * rowWords, (row + 1) * rowWords, page.count * rowWords);
    page.count--;
    this.size--;
    if (page.count === 0) {
      this.#dropPage(pageIndex);
      return this.#placeOf(pageIndex, 0);
    }
    if (page.count < sparseRows && this.#pages.length > 1) return this.#join(pageIndex, row);
    return this.#placeOf(pageIndex, row);
  }

  // ---- inside ----

  /** The place of a row that may lie behind the last one of its page. */
  #placeOf(pageIndex: number, row: number): number {
    if (pageIndex >= this.#pages.length) return -1;
    if (row < this.#pages[pageIndex].count) return (pageIndex << rowShift) + row;
    return pageIndex + 1 < this.#pages.length ? (pageIndex + 1) << rowShift : -1;
  }

  /** The last page whose first id is not after `id`; −1 when there is none. */
  #pageOf(id: Readonly<StreamId>): number {
    let low = 0;
    let high = this.#pages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareAt(this.#pages[middle].words, 0, id) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** The first row of the page whose id is not before `id`; `count` when there is none. */
  #rowOf({ words, count }: Page, id: Readonly<StreamId>): number {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareAt(words, middle * this.#rowWords, id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isAt(place: number, id: Readonly<StreamId>): boolean {
    const { words } = this.#pages[place >>> rowShift];
    return compareAt(words, (place & rowMask) * this.#rowWords, id) === 0;
  }

  #openRow(page: Page, row: number, id: Readonly<StreamId>): void {
    const rowWords = this.#rowWords;
    if (page.count * rowWords === page.words.length) this.#resizePage(page, page.count * 2);
    else if (page.isShared) takeOwnWords(page);
    const { words } = page;
    const at = row * rowWords;
    words.copyWithin(at + rowWords, at, page.count * rowWords);
    words[at] = id.msHigh;
    words[at + 1] = id.msLow;
    words[at + 2] = id.seqHigh;
    words[at + 3] = id.seqLow;
    words.fill(0, at + idWords, at + rowWords);
    page.count++;
  }

  #openPage(pageIndex: number, rows: number): void {
    const page = { words: new Int32Array(rows * this.#rowWords), count: 0, isShared: false };
    this.#pages.splice(pageIndex, 0, page);
    this.#pageBytes += page.words.byteLength;
  }

  #resizePage(page: Page, rows: number): void {
    const words = new Int32Array(rows * this.#rowWords);
    words.set(page.words);
    this.#pageBytes += words.byteLength - page.words.byteLength;
    page.words = words;
    page.isShared = false;
  }

  /** Moves the upper half of a full page to a new one behind it. */
  #split(pageIndex: number): void {
    this.#openPage(pageIndex + 1, pageRows);
    const [page, next] = [this.#pages[pageIndex], this.#pages[pageIndex + 1]];
    next.words.set(page.words.subarray((pageRows / 2) * this.#rowWords));
    page.count = pageRows / 2;
    next.count = pageRows / 2;
  }

  #dropPage(pageIndex: number): void {
    const [page] = this.#pages.splice(pageIndex, 1);
    this.#pageBytes -= page.words.byteLength;
  }

  /** Joins a sparse page with a neighbour where both fit; returns the place of what was `row`. */
  #join(pageIndex: number, row: number): number {
    const { count } = this.#pages[pageIndex];
    const before = this.#pages[pageIndex - 1]?.count ?? pageRows;
    const after = this.#pages[pageIndex + 1]?.count ?? pageRows;
    if (before + count <= joinedRows) {
      this.#absorbNext(pageIndex - 1);
      return this.#placeOf(pageIndex - 1, before + row);
    }
    if (count + after <= joinedRows) this.#absorbNext(pageIndex);
    return this.#placeOf(pageIndex, row);
  }

  #absorbNext(pageIndex: number): void {
    const [page, next] = [this.#pages[pageIndex], this.#pages[pageIndex + 1]];
    const rowWords = this.#rowWords;
    if (page.words.length < pageRows * rowWords) this.#resizePage(page, pageRows);
    else if (page.isShared) takeOwnWords(page);
    page.words.set(next.words.subarray(0, next.count * rowWords), page.count * rowWords);
    page.count += next.count;
    this.#dropPage(pageIndex + 1);
  }
}

function takeOwnWords(page: Page): void {
  page.words = page.words.slice();
  page.isShared = false;
}

function compareAt(words: Int32Array, at: number, id: Readonly<StreamId>): number {
  if (words[at] !== id.msHigh) return compareWords(words[at], id.msHigh);
  if (words[at + 1] !== id.msLow) return compareWords(words[at + 1], id.msLow);
  if (words[at + 2] !== id.seqHigh) return compareWords(words[at + 2], id.seqHigh);
  return compareWords(words[at + 3], id.seqLow);
}
