/**
 * One direction of a simulated TCP connection:
 *
 *   writer ──▶ [ pending: the writer's own memory ] ──▶ [ kernel: copied ] ──▶ reader, in pieces
 *               `written` is called on the way here ─────┘      └ stalled, or the reader paused
 *
 * Bytes are copied only when the kernel takes them, so a writer that reuses its memory too early is
 * found out. The kernel's room is limited, so a stalled connection pushes back.
 */
import type { Draw } from './draw.ts';
import type { EventQueue, Lane } from './event-queue.ts';

export interface PipeReader {
  /** The other end accepted the connection. */
  onConnect(): void;
  onData(chunk: Buffer): void;
  /** Last of all. */
  onClose(reason: string): void;
}

/** How a network behaves; drawn once per run. */
export interface NetworkTraits {
  readonly minLatencyMs: number;
  readonly maxLatencyMs: number;
  /** Deliveries are cut at random into pieces of at most so many bytes; infinite = not at all. */
  readonly maxPieceBytes: number;
  /** What the kernel takes from a writer before the reader reads. */
  readonly kernelBytes: number;
}

/** Between two pieces of one stream of bytes. */
const gapMs = { minLatencyMs: 0.005, maxLatencyMs: 0.1 };

interface Pending {
  bytes: Uint8Array;
  readonly written: (() => void) | undefined;
}

export class Pipe {
  reader: PipeReader | null = null;
  readonly lane: Lane;
  /** The process that writes: its `written` callbacks are events of its own. */
  writerLane: Lane;
  readonly #queue: EventQueue;
  readonly #traits: NetworkTraits;
  readonly #draw: Draw;
  #pending: Pending[] = [];
  #kernel: Buffer[] = [];
  #kernelBytes = 0;
  #connectDue = false;
  /** Nothing more is written: the reason goes to the reader after the bytes. */
  #closing: string | undefined;
  #over = false;
  #scheduled = false;
  /** A piece was delivered just now. */
  #flowing = false;
  #stalled = false;
  #paused = false;

  constructor(options: {
    queue: EventQueue;
    writerLane: Lane;
    readerLane: Lane | undefined;
    traits: NetworkTraits;
    draw: Draw;
  }) {
    this.#queue = options.queue;
    this.writerLane = options.writerLane;
    this.#traits = options.traits;
    this.#draw = options.draw;
    this.lane = options.queue.lane(options.readerLane);
  }

  /** Written and not taken by the kernel. */
  get pendingBytes(): number {
    return this.#pending.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  get over(): boolean {
    return this.#over;
  }

  connect(): void {
    this.#connectDue = true;
    this.#schedule();
  }

  write(bytes: Uint8Array, written: (() => void) | undefined): void {
    if (this.#over || this.#closing !== undefined) {
      this.#callWritten(written);
      return;
    }
    this.#pending.push({ bytes, written });
    this.#fillKernel();
  }

  /** The writer's orderly end: everything written still arrives. */
  end(reason: string): void {
    this.#closing ??= reason;
    this.#schedule();
  }

  /** The writer is gone: what the kernel has may arrive, or only a part of it. */
  abort(reason: string): void {
    if (this.#over) return;
    this.#dropPending();
    if (this.#kernelBytes > 0 && this.#draw.chance(0.5)) this.#keepPrefix();
    this.#closing ??= reason;
    this.#schedule();
  }

  /** The reader is gone, or is to hear nothing more. */
  deafen(): void {
    this.#over = true;
    this.reader = null;
    this.#dropPending();
    this.#kernel = [];
    this.#kernelBytes = 0;
  }

  setStalled(stalled: boolean): void {
    this.#stalled = stalled;
    this.#schedule();
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#schedule();
  }

  #callWritten(written: (() => void) | undefined): void {
    if (written !== undefined) this.#queue.after(this.writerLane, 0, written);
  }

  #dropPending(): void {
    for (const { written } of this.#pending.splice(0)) this.#callWritten(written);
  }

  #keepPrefix(): void {
    const bytes = Buffer.concat(this.#kernel);
    this.#kernel = [bytes.subarray(0, this.#draw.int(0, bytes.length))];
    this.#kernelBytes = this.#kernel[0].length;
  }

  #fillKernel(): void {
    for (let next = this.#pending[0]; next !== undefined; next = this.#pending[0]) {
      const room = this.#traits.kernelBytes - this.#kernelBytes;
      if (room <= 0) break;
      const taken = Math.min(room, next.bytes.length);
      this.#kernel.push(Buffer.from(next.bytes.subarray(0, taken)));
      this.#kernelBytes += taken;
      next.bytes = next.bytes.subarray(taken);
      if (next.bytes.length > 0) break;
      this.#pending.shift();
      this.#callWritten(next.written);
    }
    this.#schedule();
  }

  #schedule(): void {
    const idle =
      !this.#connectDue &&
      this.#kernelBytes === 0 &&
      (this.#closing === undefined || this.#pending.length > 0);
    if (this.#scheduled || idle || this.#stalled || this.#paused || this.#over) return;
    this.#scheduled = true;
    // What follows at once does not travel anew, it comes right behind.
    const { minLatencyMs, maxLatencyMs } = this.#flowing ? gapMs : this.#traits;
    const delayMs = this.#draw.between(minLatencyMs, maxLatencyMs);
    this.#queue.after(this.lane, delayMs, () => {
      this.#scheduled = false;
      this.#flowing = true;
      this.#deliver();
      this.#schedule();
      this.#flowing = this.#scheduled;
    });
  }

  #deliver(): void {
    if (this.#stalled || this.#paused || this.#over) return;
    if (this.#connectDue) {
      this.#connectDue = false;
      this.reader?.onConnect();
    } else if (this.#kernelBytes > 0) {
      const piece = this.#takePiece();
      this.#fillKernel();
      this.reader?.onData(piece);
    } else if (this.#closing !== undefined && this.#pending.length === 0) {
      const { reader } = this;
      this.#over = true;
      this.reader = null;
      reader?.onClose(this.#closing);
    }
  }

  #takePiece(): Buffer {
    const bytes = Buffer.concat(this.#kernel);
    const most = Math.min(this.#traits.maxPieceBytes, bytes.length);
    const length = this.#traits.maxPieceBytes === Infinity ? most : this.#draw.int(1, most);
    this.#kernel = [bytes.subarray(length)];
    this.#kernelBytes -= length;
    return Buffer.from(bytes.subarray(0, length));
  }
}
