/**
 * A large hash or set as the body of an RDB entry: its elements in the order of their hashes. Used
 * by body-of.ts; what is a hash's own is in hash-body.ts.
 *
 * Under a guard the value may change meanwhile. The walk's position says which elements are written
 * already: those whose hashes are below it. One that is not, and is about to change, has its old
 * state written first; one that is new is none of this body's.
 */
import { rdbType } from '../../rdb/opcodes.ts';
import type { RdbOutput } from '../../rdb/rdb-output.ts';
import type { HashValue } from '../types/hash-value.ts';
import type { SetValue } from '../types/set-value.ts';
import type { ElementObserver } from '../types/value.ts';
import { workOf } from './body-work.ts';
import { ChangedElements } from './changed-elements.ts';
import type { ValueBody } from './value-body.ts';

/** What the two types differ in. */
export interface Elements {
  readonly table: HashValue | SetValue;
  /** Writes what stands before the number of elements, if anything. */
  readonly writeHead?: (output: RdbOutput) => void;
  /** Opens the table's window on what an element is found by. */
  readonly readName: (ref: number) => void;
  /** Writes the element whose name the window shows; returns how much work that was. */
  readonly write: (output: RdbOutput, ref: number) => number;
}

export function setBody(set: SetValue): ValueBody {
  return new TableBody(rdbType.set, {
    table: set,
    readName: (ref) => set.read(ref),
    write: (output) => {
      output.string(set.windowBuffer, set.windowStart, set.windowEnd);
      return workOf(set);
    },
  });
}

export class TableBody implements ValueBody, ElementObserver {
  readonly rdbType: number;
  readonly #elements: Elements;
  readonly #size: number;
  readonly #changed = new ChangedElements();
  /** Elements with smaller hashes are written; −1 before the first piece. */
  #position = -1;

  constructor(type: number, elements: Elements) {
    this.rdbType = type;
    this.#elements = elements;
    this.#size = elements.table.size;
  }

  write(output: RdbOutput, work: number): boolean {
    const { readName, table, write } = this.#elements;
    const changed = this.#changed;
    if (this.#position < 0) {
      this.#elements.writeHead?.(output);
      output.length(this.#size);
      this.#position = 0;
    }
    changed.moveTo(output);
    let left = work;
    const next = table.walk(this.#position, (ref) => {
      readName(ref);
      if (changed.has(table.windowBuffer, table.windowStart, table.windowEnd)) left--;
      else left -= write(output, ref);
      return left > 0;
    });
    this.#position = next === 0 ? Number.POSITIVE_INFINITY : next;
    return next === 0;
  }

  guard(): void {
    this.#elements.table.observer = this;
  }

  release(): void {
    this.#elements.table.observer = null;
  }

  beforeChange(name: Uint8Array, start: number, end: number): void {
    if (!this.#changed.add(name, start, end)) return;
    const { readName, table, write } = this.#elements;
    const ref = table.find(name, start, end);
    if (ref === 0 || table.foundPosition < this.#position) return;
    readName(ref);
    write(this.#changed.output, ref);
  }
}
