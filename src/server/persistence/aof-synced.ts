/**
 * How much of what was appended is safe on the disk. Bytes are counted over all increments since the
 * server began, because a rewrite opens a new file while the one before is still on its way to the
 * disk. WAITAOF asks for them; a replica tells its master the same in replication offsets.
 * Owned by `Aof`, which says when a file is opened and when a sync begins and ends.
 */

/** What is asked of an increment file. */
interface SyncedFile {
  readonly sizeBytes: number;
  readonly syncedBytes: number;
  readonly pendingBytes: number;
}

interface OpenFile {
  readonly file: SyncedFile;
  /** The position of the file's first byte. */
  readonly startsAt: number;
}

export class AofSynced {
  readonly #replOffset: () => number;
  /** The current file, and before it those that are not wholly on the disk yet. */
  #files: OpenFile[] = [];
  /** The end of the files that are not written to any more. */
  #endOfClosed = 0;
  /** Everything up to `position` is everything up to `offset` of the replication stream. */
  #mark = { position: 0, offset: 0 };
  #safeOffset = 0;

  constructor(replOffset: () => number) {
    this.#replOffset = replOffset;
  }

  /** The end of what was appended. */
  get appendedPosition(): number {
    const current = this.#files.at(-1);
    return current === undefined ? this.#endOfClosed : current.startsAt + current.file.sizeBytes;
  }

  get syncedPosition(): number {
    const late = this.#files.find(({ file }) => file.syncedBytes < file.sizeBytes);
    return late === undefined ? this.appendedPosition : late.startsAt + late.file.syncedBytes;
  }

  /** The offset of the replication stream up to which all changes are safe. */
  get replOffset(): number {
    // Much of the stream (PING, GETACK) has nothing to do with the file.
    if (this.syncedPosition === this.appendedPosition) this.#safeOffset = this.#replOffset();
    return this.#safeOffset;
  }

  /** Appending goes on in `file`. */
  open(file: SyncedFile): void {
    const startsAt = this.appendedPosition - file.sizeBytes;
    this.#files.push({ file, startsAt });
  }

  /** A sync of the current file begins. */
  onSync(): void {
    const current = this.#files.at(-1);
    if (current === undefined || current.file.pendingBytes > 0) return;
    this.#mark = { position: this.appendedPosition, offset: this.#replOffset() };
  }

  /** A sync has ended well. */
  onSynced(): void {
    const { position, offset } = this.#mark;
    if (this.syncedPosition >= position) this.#safeOffset = Math.max(this.#safeOffset, offset);
    const current = this.#files.at(-1);
    this.#files = this.#files.filter(
      (one) => one === current || one.file.syncedBytes < one.file.sizeBytes,
    );
  }

  /** Nothing is appended any more, and what was is of no use. */
  forget(): void {
    this.#endOfClosed = this.appendedPosition;
    this.#files = [];
    this.#mark = { position: this.#endOfClosed, offset: 0 };
    this.#safeOffset = 0;
  }
}
