/**
 * A client that sees the wire: it sends arrays or raw bytes and gives replies as values or as the
 * very bytes that arrived, so that a test can compare two servers byte by byte. For tests and the
 * bench; it never reconnects, and it knows nothing of src/.
 */
import { connect, type Socket } from 'node:net';
import {
  encodeCommand,
  takeFrame,
  toBytes,
  type RespArg,
  type RespValue,
  type TakenFrame,
} from './resp-value.ts';

export { encodeCommand, formatReply, type RespArg, type RespValue } from './resp-value.ts';

export type RespTarget = ({ port: number; host?: string } | { path: string }) & {
  /** Sent as AUTH before anything else. */
  password?: string;
  /** 3 sends HELLO 3; otherwise the connection stays at RESP2. */
  protocol?: 2 | 3;
  /** How long one read may wait; 10 seconds unless told. */
  timeoutMs?: number;
};

/** Connects, then authenticates and switches protocol if asked. Throws when any of it fails. */
export async function connectResp(target: RespTarget): Promise<RespClient> {
  const socket =
    'path' in target ? connect(target.path) : connect(target.port, target.host ?? '127.0.0.1');
  socket.setNoDelay(true);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  const client = new RespClient(socket, target.timeoutMs ?? 10_000);
  try {
    if (target.password !== undefined) await client.must('AUTH', target.password);
    if (target.protocol === 3) await client.must('HELLO', 3);
  } catch (error) {
    client.close();
    throw error;
  }
  return client;
}

/** What one read waits for: it looks at the bytes and says how many of them it takes. */
interface Read {
  /** Push messages before this read are set aside, because it wants a reply. */
  skipsPushes: boolean;
  take(bytes: Buffer, ended: boolean): { used: number } | undefined;
  fail(error: Error): void;
}

export class RespClient {
  /** RESP3 push messages set aside so far, oldest first. */
  readonly pushes: RespValue[] = [];
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  /** Received and not yet taken: #bytes from #start up to #end. */
  #bytes = Buffer.allocUnsafe(65_536);
  #start = 0;
  #end = 0;
  /** Frames before this length of unread bytes cannot be complete. */
  #frameNeeds = 0;
  #reads: Read[] = [];
  #ended = false;

  constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('end', () => this.#onEnd());
    socket.on('close', () => this.#onEnd());
    socket.on('error', () => this.#onEnd());
  }

  /** True once the server has closed the connection, or this side has. */
  get ended(): boolean {
    return this.#ended;
  }

  get localPort(): number {
    return this.#socket.localPort ?? 0;
  }

  /** Sends one command and returns its reply; an error reply is the value `{error}`. */
  command(...args: RespArg[]): Promise<RespValue> {
    this.send(...args);
    return this.read();
  }

  /** Like `command`, but throws on an error reply. */
  async must(...args: RespArg[]): Promise<RespValue> {
    const reply = await this.command(...args);
    if (isError(reply)) throw new Error(`${String(args[0])}: ${reply.error}`);
    return reply;
  }

  /** Sends all commands in one write and returns their replies in order. */
  pipeline(commands: readonly (readonly RespArg[])[]): Promise<RespValue[]> {
    this.sendRaw(Buffer.concat(commands.map(encodeCommand)));
    return Promise.all(commands.map(() => this.read()));
  }

  /** Sends one command and does not wait. Take what it answers with `read` or `readPush`. */
  send(...args: RespArg[]): void {
    this.sendRaw(encodeCommand(args));
  }

  sendRaw(bytes: Buffer | string): void {
    this.#socket.write(toBytes(bytes));
  }

  /** The next reply. Push messages that come before it are set aside in `pushes`. */
  read(): Promise<RespValue> {
    return this.#enqueue('a reply', true, (bytes) => {
      const taken = this.#takeFrame(bytes);
      return taken && { value: taken.value, used: taken.end };
    });
  }

  /** The next push message: the oldest one set aside, or else the next one to arrive. */
  readPush(): Promise<RespValue> {
    const aside = this.pushes.shift();
    if (aside !== undefined) return Promise.resolve(aside);
    return this.#enqueue('a push message', false, (bytes) => {
      const taken = this.#takeFrame(bytes);
      if (taken && !taken.push) throw new Error(`a reply came before the push message`);
      return taken && { value: taken.value, used: taken.end };
    });
  }

  /** Sends raw bytes and returns the bytes of the next `frames` frames, replies and pushes alike. */
  exchange(bytes: Buffer | string, frames = 1): Promise<Buffer> {
    this.sendRaw(bytes);
    return this.readFrames(frames);
  }

  /** The bytes of the next `count` frames as they arrived. */
  async readFrames(count: number): Promise<Buffer> {
    const reads: Promise<Buffer>[] = [];
    while (reads.length < count) {
      reads.push(
        this.#enqueue('a frame', false, (bytes) => {
          const taken = this.#takeFrame(bytes);
          return taken && { value: Buffer.from(bytes.subarray(0, taken.end)), used: taken.end };
        }),
      );
    }
    return Buffer.concat(await Promise.all(reads));
  }

  /** Exactly `count` bytes. */
  readRaw(count: number): Promise<Buffer> {
    return this.#enqueue(`${count} bytes`, false, (bytes) =>
      bytes.length < count
        ? undefined
        : { value: Buffer.from(bytes.subarray(0, count)), used: count },
    );
  }

  /** All bytes up to and with `marker`. */
  readRawUntil(marker: Buffer | string): Promise<Buffer> {
    const wanted = toBytes(marker);
    return this.#enqueue(`bytes up to ${JSON.stringify(String(marker))}`, false, (bytes) => {
      const at = bytes.indexOf(wanted);
      if (at === -1) return undefined;
      const used = at + wanted.length;
      return { value: Buffer.from(bytes.subarray(0, used)), used };
    });
  }

  /** All bytes until the server closes the connection. */
  readToEnd(): Promise<Buffer> {
    return this.#enqueue('the end of the connection', false, (bytes, ended) =>
      ended ? { value: Buffer.from(bytes), used: bytes.length } : undefined,
    );
  }

  /** Stops reading from the socket, so that the server's output piles up; `resume` undoes it. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Says "no more from me" and keeps reading. */
  halfClose(): void {
    this.#socket.end();
  }

  /** Drops the connection at once; reads that wait are rejected. */
  close(): void {
    this.#socket.destroy();
    this.#onEnd();
  }

  #enqueue<T>(
    what: string,
    skipsPushes: boolean,
    take: (bytes: Buffer, ended: boolean) => { value: T; used: number } | undefined,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const read: Read = {
        skipsPushes,
        take(bytes, ended) {
          const taken = take(bytes, ended);
          if (!taken) return undefined;
          clearTimeout(timer);
          resolve(taken.value);
          return taken;
        },
        fail(error) {
          clearTimeout(timer);
          reject(error);
        },
      };
      const timer = setTimeout(() => this.#onTimeout(read, what), this.#timeoutMs);
      this.#reads.push(read);
      this.#pump();
    });
  }

  /** Serves the reads in order, as far as the received bytes go. */
  #pump(): void {
    while (this.#reads.length > 0) {
      const read = this.#reads[0];
      try {
        if (read.skipsPushes && this.#setPushAside()) continue;
        const taken = read.take(this.#bytes.subarray(this.#start, this.#end), this.#ended);
        if (!taken) break;
        this.#reads.shift();
        this.#consume(taken.used);
      } catch (error) {
        this.#reads.shift();
        read.fail(error as Error);
      }
    }
    if (this.#ended) this.#failReads(new Error('the connection was closed'));
  }

  #setPushAside(): boolean {
    if (this.#start === this.#end || this.#bytes[this.#start] !== 0x3e) return false;
    const taken = this.#takeFrame(this.#bytes.subarray(this.#start, this.#end));
    if (!taken) return false;
    this.pushes.push(taken.value);
    this.#consume(taken.end);
    return true;
  }

  #takeFrame(bytes: Buffer): Extract<TakenFrame, { kind: 'frame' }> | undefined {
    if (bytes.length === 0 || bytes.length < this.#frameNeeds) return undefined;
    const taken = takeFrame(bytes, 0);
    if (taken.kind === 'frame') return taken;
    this.#frameNeeds = taken.atLeast;
    return undefined;
  }

  #consume(count: number): void {
    this.#start += count;
    this.#frameNeeds = 0;
  }

  #onData(chunk: Buffer): void {
    if (this.#end + chunk.length > this.#bytes.length) this.#makeRoom(chunk.length);
    chunk.copy(this.#bytes, this.#end);
    this.#end += chunk.length;
    this.#pump();
  }

  #makeRoom(count: number): void {
    const unread = this.#bytes.subarray(this.#start, this.#end);
    const room = Buffer.allocUnsafe(Math.max(65_536, 2 * (unread.length + count)));
    unread.copy(room);
    this.#bytes = room;
    this.#start = 0;
    this.#end = unread.length;
  }

  #onEnd(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#pump();
  }

  #onTimeout(read: Read, what: string): void {
    const unread = this.#bytes.toString(
      'latin1',
      this.#start,
      Math.min(this.#end, this.#start + 200),
    );
    this.#reads = this.#reads.filter((other) => other !== read);
    read.fail(
      new Error(`no ${what} within ${this.#timeoutMs} ms; unread: ${JSON.stringify(unread)}`),
    );
  }

  #failReads(error: Error): void {
    for (const read of this.#reads.splice(0)) read.fail(error);
  }
}

function isError(reply: RespValue): reply is { error: string } {
  return typeof reply === 'object' && reply !== null && 'error' in reply;
}
