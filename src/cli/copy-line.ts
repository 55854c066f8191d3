/**
 * The line that tells how far a full copy is: written over itself on a terminal, and not at all
 * elsewhere. Used by the change engine.
 */

/** A new text so often: more cannot be read. */
const periodMs = 200;

export interface CopyLine {
  show(text: string): void;
  /** Removes it, before anything else is printed. */
  clear(): void;
}

export function copyLine(stream: {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}): CopyLine {
  let shownAtMs: number | undefined;
  return {
    show(text) {
      const nowMs = performance.now();
      if (stream.isTTY !== true || (shownAtMs !== undefined && nowMs - shownAtMs < periodMs))
        return;
      shownAtMs = nowMs;
      stream.write(`\r\u001b[K${text}`);
    },
    clear() {
      if (shownAtMs !== undefined) stream.write('\r\u001b[K');
      shownAtMs = undefined;
    },
  };
}
