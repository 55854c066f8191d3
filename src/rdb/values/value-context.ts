/**
 * What the decoders of collections work with, and the steps that several of them share.
 *
 * A decoder is a generator, because a value may be larger than any piece that comes in: it yields
 * when bytes are missing or its turn is over (`input.pauseAt`), with the cursor where it will go on,
 * and nothing that has been handed to the sink is ever read again.
 */
import type { RdbInput } from '../rdb-input.ts';
import { incomplete } from '../rdb-input.ts';
import { StringWindow } from '../string-window.ts';
import type { RdbEntry, RdbValueSink } from '../value-sink.ts';
import type { Place } from '../structure/element-reader.ts';
import { SeenElements } from '../structure/seen-elements.ts';

export type Steps<Result = void> = Generator<undefined, Result, undefined>;

/** One per reader, used for one value after the other. */
export interface ValueContext {
  readonly input: RdbInput;
  readonly entry: RdbEntry;
  sink: RdbValueSink;
  /** For whatever is being decoded; void after a `yield`, since more bytes may have moved all. */
  readonly first: StringWindow;
  readonly second: StringWindow;
  readonly third: StringWindow;
  /** For the string that a compact structure is in, while its elements go through the others. */
  readonly blob: StringWindow;
  readonly seen: SeenElements;
}

export function newValueContext(
  input: RdbInput,
  entry: RdbEntry,
  sink: RdbValueSink,
): ValueContext {
  return {
    input,
    entry,
    sink,
    first: new StringWindow(),
    second: new StringWindow(),
    third: new StringWindow(),
    blob: new StringWindow(),
    seen: new SeenElements(),
  };
}

export function* readLength(input: RdbInput): Steps<number> {
  for (;;) {
    const length = input.length();
    if (length !== incomplete) return length;
    yield;
  }
}

/** Reads the string of a compact structure, called `what` in messages, into `blob`. */
export function* readBlob({ input, blob }: ValueContext, what: string): Steps<Place> {
  for (;;) {
    const { offset } = input;
    if (input.string(blob)) return { what, offset };
    yield;
  }
}

/** Reads two strings, or none while they have not all come. */
export function readPair(input: RdbInput, first: StringWindow, second: StringWindow): boolean {
  const start = input.at;
  if (input.string(first) && input.string(second)) return true;
  input.at = start;
  return false;
}

/** Reads 8 bytes as an integer; see `RdbInput.int64`. */
export function* readInt64(input: RdbInput): Steps<number> {
  while (!input.peek(8)) yield;
  return input.int64();
}
