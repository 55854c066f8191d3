/**
 * A master that says what it is told to, over a real socket: enough to bring a server that follows
 * it into a state of our choice and to keep it there.
 */
import net from 'node:net';
import { parseFrame } from './toy-node.ts';

/** Replies by the first word of a request; a missing one is never answered. */
export type FakeReplies = Readonly<Record<string, string | Buffer>>;

export interface FakeMaster {
  readonly port: number;
  /** Every request so far, its words joined by blanks. */
  readonly requests: string[];
  /** How many connections there were. */
  readonly connections: number;
  /** What is said from now on. */
  replies: FakeReplies;
  /** Says something unasked on the latest connection. */
  say(bytes: string | Buffer): void;
  /** Ends all connections. */
  drop(): void;
  close(): Promise<void>;
}

export async function startFakeMaster(replies: FakeReplies): Promise<FakeMaster> {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => {
    sockets.push(socket);
    let input = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      input = Buffer.concat([input, chunk]);
      for (let frame = parseFrame(input); frame !== undefined; frame = parseFrame(input)) {
        input = input.subarray(frame.end);
        if (frame.words.length === 0) continue;
        master.requests.push(frame.words.join(' '));
        const reply = master.replies[frame.words[0].toUpperCase()];
        if (reply !== undefined && frame.words[1]?.toUpperCase() !== 'ACK') socket.write(reply);
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const master: FakeMaster = {
    port: (server.address() as net.AddressInfo).port,
    requests: [],
    get connections() {
      return sockets.length;
    },
    replies,
    say: (bytes) => void sockets.at(-1)?.write(bytes),
    drop: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: () => {
      master.drop();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
  return master;
}
