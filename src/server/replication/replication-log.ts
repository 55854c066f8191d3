/**
 * The one replication log. Everything that is propagated is appended here once; the backlog is the
 * log's trailing window, and every replica, waiting full sync and chained replica is a cursor.
 *
 *   replBacklogFirstByteOffset                                     masterReplOffset
 *   │                                                                             │
 *   ▼ ┌───────────┐   ┌───────────┐   ┌───────────┐   ┌───────────┐               ▼
 *     │ block     │──▶│ block     │──▶│ block     │──▶│ last      │ ◀── append
 *     └───────────┘   └───────────┘   └───────────┘   └───────────┘
 *           ▲ cursor                        ▲ cursor      ▲ cursor (caught up)
 *
 * Blocks are append-only, so the bytes of a view never change while their block lives. The first
 * block is released when no cursor stands in it and the rest still holds `replBacklogSize` bytes:
 * the window is a little longer than the setting, and longer still while a slow cursor needs it.
 * A released block is used again for new bytes, unless a cursor was closed while a view of it was
 * out: then a socket may still be reading it, and it is left to the garbage collector.
 *
 * Who calls it: `feed` on a master, the replica link on a replica; nobody else appends.
 */
import { copyBytes } from '../../util/copy-bytes.ts';
import { assert } from '../../util/errors.ts';

/** Small enough for a test's tiny backlog, large enough for a socket write. */
const minBlockBytes = 16 * 1024;
/** A write larger than this gains nothing. */
const maxBlockBytes = 256 * 1024;
/** A backlog of 1 MiB gives 64 KiB blocks: the window is at most 1/16 longer than asked for. */
const blocksPerBacklog = 16;
/** Released blocks kept for reuse: enough to append without allocating in a steady state. */
const maxSpareBlocks = 4;

interface Block {
  readonly bytes: Uint8Array;
  /** The offset of `bytes[0]`. */
  startOffset: number;
  /** Bytes filled. Only the last block has room. */
  used: number;
  /** Cursors that stand in this block. */
  cursors: number;
  /** A view of it may outlive its cursor: do not use the memory again. */
  lent: boolean;
  next: Block | undefined;
}

/** What a partial resync can be served from. */
export interface LogWindow {
  readonly active: boolean;
  readonly firstByteOffset: number;
  readonly masterReplOffset: number;
}

export class ReplicationLog {
  /** Called once after the first append since the last `notifyOnAppend()`. */
  onAppend: () => void = () => undefined;

  #masterReplOffset: number;
  #replBacklogSize: number;
  #blockBytes: number;
  /** Invariant: first and last are both set (active) or both not. */
  #first: Block | undefined;
  #last: Block | undefined;
  /** Invariant: `replBacklogFirstByteOffset + #histlen === masterReplOffset + 1` while active. */
  #histlen = 0;
  #cursorCount = 0;
  #spare: Block[] = [];
  /** Invariant: the sum over the blocks from first to last. */
  #memoryBytes = 0;
  #armed = false;

  constructor(options: { replBacklogSize: number; masterReplOffset?: number }) {
    this.#masterReplOffset = options.masterReplOffset ?? 0;
    this.#replBacklogSize = options.replBacklogSize;
    this.#blockBytes = blockBytesFor(options.replBacklogSize);
  }

  /** Without a backlog nothing is recorded and the offset stands still. [redis 7.0] */
  get active(): boolean {
    return this.#last !== undefined;
  }

  /** The offset of the last byte appended. */
  get masterReplOffset(): number {
    return this.#masterReplOffset;
  }

  get replBacklogSize(): number {
    return this.#replBacklogSize;
  }

  /** 0 while inactive, as INFO has it. */
  get replBacklogFirstByteOffset(): number {
    return this.#first === undefined ? 0 : this.#first.startOffset;
  }

  get replBacklogHistlen(): number {
    return this.#histlen;
  }

  get cursorCount(): number {
    return this.#cursorCount;
  }

  /** Bytes of memory in the log's blocks. Spare ones are as good as free. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  window(): LogWindow {
    return {
      active: this.active,
      firstByteOffset: this.replBacklogFirstByteOffset,
      masterReplOffset: this.#masterReplOffset,
    };
  }

  /** Starts an empty window behind the present offset; nothing to do when there is one. */
  activate(): void {
    if (this.active) return;
    this.#first = this.#last = this.#newBlock(this.#masterReplOffset + 1);
    this.#histlen = 0;
    this.#check();
  }

  /** Forgets the window; the offset stays. There must be no cursor. */
  deactivate(): void {
    assert(this.#cursorCount === 0, 'a log is released only without cursors');
    this.#first = this.#last = undefined;
    this.#spare = [];
    this.#histlen = 0;
    this.#memoryBytes = 0;
  }

  /** After a full resync: an empty window at the master's offset. There must be no cursor. */
  reset(masterReplOffset: number): void {
    this.deactivate();
    this.#masterReplOffset = masterReplOffset;
    this.activate();
  }

  /** CONFIG SET repl-backlog-size. A smaller window takes effect at once, block by block. */
  resize(replBacklogSize: number): void {
    this.#replBacklogSize = replBacklogSize;
    this.#blockBytes = blockBytesFor(replBacklogSize);
    this.#spare = [];
    this.#trim();
  }

  /** Hot. Appends `bytes[start, end)`; ignored while inactive. Allocates only for a new block. */
  append(bytes: Uint8Array, start: number, end: number): void {
    let block = this.#last;
    if (block === undefined || start >= end) return;
    const count = end - start;
    this.#masterReplOffset += count;
    this.#histlen += count;
    if (block.used + count <= block.bytes.length) {
      block.used = copyBytes(bytes, start, end, block.bytes, block.used);
    } else {
      for (let from = start; from < end;) {
        if (block.used === block.bytes.length) block = this.#addBlock(block);
        const to = Math.min(end, from + block.bytes.length - block.used);
        block.used = copyBytes(bytes, from, to, block.bytes, block.used);
        from = to;
      }
      this.#trim();
    }
    if (this.#armed) {
      this.#armed = false;
      this.onAppend();
    }
  }

  /** Asks for one `onAppend` at the next append: one flush serves everything of this turn. */
  notifyOnAppend(): void {
    this.#armed = true;
  }

  /**
   * A cursor whose next byte is `offset`. Null when the log does not hold it: it must be within
   * `replBacklogFirstByteOffset … masterReplOffset + 1`.
   */
  openCursor(offset: number): LogCursor | null {
    if (this.#first === undefined) return null;
    if (offset < this.#first.startOffset || offset > this.#masterReplOffset + 1) return null;
    let block = this.#first;
    while (block.next !== undefined && offset >= block.next.startOffset) block = block.next;
    this.#cursorCount++;
    return new LogCursor(this, block, offset, () => {
      this.#cursorCount--;
      this.#trim();
    });
  }

  /** For cursors that left a block. */
  trim(): void {
    this.#trim();
  }

  #addBlock(previous: Block): Block {
    const block = this.#newBlock(previous.startOffset + previous.used);
    previous.next = block;
    this.#last = block;
    return block;
  }

  #newBlock(startOffset: number): Block {
    this.#memoryBytes += this.#blockBytes;
    const spare = this.#spare.pop();
    if (spare !== undefined) {
      spare.startOffset = startOffset;
      return spare;
    }
    const bytes = new Uint8Array(this.#blockBytes);
    return { bytes, startOffset, used: 0, cursors: 0, lent: false, next: undefined };
  }

  #trim(): void {
    let first = this.#first;
    while (
      first?.next !== undefined &&
      first.cursors === 0 &&
      this.#histlen - first.used >= this.#replBacklogSize
    ) {
      const { next } = first;
      this.#histlen -= first.used;
      this.#release(first);
      this.#first = first = next;
    }
    this.#check();
  }

  #release(block: Block): void {
    this.#memoryBytes -= block.bytes.length;
    const reusable = !block.lent && block.bytes.length === this.#blockBytes;
    if (!reusable || this.#spare.length >= maxSpareBlocks) return;
    block.used = 0;
    block.next = undefined;
    this.#spare.push(block);
  }

  #check(): void {
    assert(
      this.#first === undefined ||
        this.#first.startOffset + this.#histlen === this.#masterReplOffset + 1,
      'replBacklogFirstByteOffset + replBacklogHistlen === masterReplOffset + 1',
    );
  }
}

/**
 * A reading position. The rule of views: a view from `peek` stays valid until `advance` moves past
 * it, so advance only when the socket has finished with it (in the write's callback).
 */
export class LogCursor {
  readonly #log: ReplicationLog;
  readonly #onClose: () => void;
  #block: Block;
  #offset: number;
  #viewOut = false;
  #closed = false;

  constructor(log: ReplicationLog, block: Block, offset: number, onClose: () => void) {
    this.#log = log;
    this.#block = block;
    this.#offset = offset;
    this.#onClose = onClose;
    block.cursors++;
  }

  /** The next byte to be read. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes between this cursor and the end of the log. */
  get lagBytes(): number {
    return this.#log.masterReplOffset + 1 - this.#offset;
  }

  /** The next contiguous bytes, no copy; empty when caught up. */
  peek(): Uint8Array {
    this.#leaveFinishedBlock();
    const block = this.#block;
    const view = block.bytes.subarray(this.#offset - block.startOffset, block.used);
    this.#viewOut = view.length > 0;
    return view;
  }

  /** The first `count` bytes of the last view are done with. */
  advance(count: number): void {
    const blockEnd = this.#block.startOffset + this.#block.used;
    assert(!this.#closed && this.#offset + count <= blockEnd, 'a cursor advances within its view');
    this.#offset += count;
    this.#viewOut = false;
    this.#leaveFinishedBlock();
  }

  /** Lets go of the log. Harmless the second time. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#viewOut) this.#block.lent = true;
    this.#block.cursors--;
    this.#onClose();
  }

  #leaveFinishedBlock(): void {
    const { next } = this.#block;
    if (next === undefined || this.#offset < next.startOffset) return;
    this.#block.cursors--;
    next.cursors++;
    this.#block = next;
    this.#log.trim();
  }
}

function blockBytesFor(replBacklogSize: number): number {
  let size = minBlockBytes;
  while (size < maxBlockBytes && size * blocksPerBacklog < replBacklogSize) size *= 2;
  return size;
}
