/**
 * A client's way out over a socket, and the one trick of the input side: accepted sockets are
 * re-made so that all of them read into one shared buffer. `net.createServer` offers no such
 * option; where the private handle that this needs is missing, reading falls back to events.
 */
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import type { ClientTransport } from './client.ts';

/** Receives what a socket read: `buffer[0 … length)`, only valid during the call. */
export type OnInput = (buffer: Buffer, length: number) => void;

/** `onread` of `net.connect`, which the Socket constructor takes as well. [Node 20–26] */
interface SharedReadOptions extends SocketConstructorOpts {
  handle: unknown;
  onread: OnReadOpts;
}

export function readThroughSharedBuffer(
  accepted: Socket,
  sharedBuffer: Buffer,
  onInput: OnInput,
): Socket {
  const holder = accepted as Socket & { _handle?: unknown };
  const handle = holder._handle;
  if (handle === undefined || handle === null) {
    accepted.on('data', (chunk: Buffer) => onInput(chunk, chunk.length));
    accepted.resume();
    return accepted;
  }
  // The accepted object lets go of its handle: destroying it then only ends the bookkeeping.
  holder._handle = null;
  accepted.destroy();
  const options: SharedReadOptions = {
    handle,
    readable: true,
    writable: true,
    onread: {
      buffer: sharedBuffer,
      callback: (length, buffer) => {
        onInput(buffer as Buffer, length);
        return true;
      },
    },
  };
  const socket = new Socket(options);
  socket.resume();
  return socket;
}

export class SocketTransport implements ClientTransport {
  readonly address: string;
  readonly localAddress: string;
  readonly #socket: Socket;
  /** Gathered, and not yet passed to the socket. */
  #held: Uint8Array | null = null;
  /** The socket keeps what it is given. */
  #corked = false;

  /** `unixPath` is given for connections to the Unix socket. */
  constructor(socket: Socket, unixPath: string | null) {
    this.#socket = socket;
    this.address =
      unixPath === null ? joinAddress(socket.remoteAddress, socket.remotePort) : `${unixPath}:0`;
    this.localAddress =
      unixPath === null ? joinAddress(socket.localAddress, socket.localPort) : `${unixPath}:0`;
  }

  get pendingBytes(): number {
    return this.#socket.writableLength + (this.#held === null ? 0 : this.#held.length);
  }

  write(bytes: Uint8Array, written?: () => void): void {
    this.#passHeld();
    if (written === undefined) this.#socket.write(bytes);
    else this.#socket.write(bytes, () => written());
  }

  /** The first bytes of a turn, mostly the only ones, need not go through the socket's queue. */
  gather(bytes: Uint8Array): void {
    if (this.#held === null && !this.#corked) {
      this.#held = bytes;
      return;
    }
    if (!this.#corked) this.#socket.cork();
    this.#corked = true;
    this.#passHeld();
    this.#socket.write(bytes);
  }

  sendGathered(): void {
    this.#passHeld();
    if (!this.#corked) return;
    this.#corked = false;
    this.#socket.uncork();
  }

  #passHeld(): void {
    if (this.#held === null) return;
    const bytes = this.#held;
    this.#held = null;
    this.#socket.write(bytes);
  }

  setNoDelay(enabled: boolean): void {
    this.#socket.setNoDelay(enabled);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#passHeld();
    // Not only our half: a client that goes on sending must find the connection closed.
    this.#socket.end(() => this.#socket.destroy());
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function joinAddress(host: string | undefined, port: number | undefined): string {
  if (host === undefined || port === undefined) return '?:0';
  // IPv4 clients of a dual-stack socket are shown as what they are.
  const plain = host.startsWith('::ffff:') ? host.slice(7) : host;
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`;
}
