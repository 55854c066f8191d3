/**
 * The world of toy nodes with real sockets and real time, for tests against real servers. RDBs are
 * those of Redis: received ones are kept as bytes and not read, sent ones hold no key.
 */
import net from 'node:net';
import { connectTcp } from '../../../../src/server/replication/tcp-wire.ts';
import { systemClock } from '../../../../src/util/clock.ts';
import { systemRandom } from '../../../../src/util/random.ts';
import { freePort } from '../../../support/free-port.ts';
import type { Listener } from './memory-network.ts';
import type { Settings, ToyFormat, ToyWorld } from './toy-node.ts';
import { ToyNode } from './toy-node.ts';

/** Magic, version 10, end of file, and a checksum of zero: "not computed". */
const emptyRdb = Buffer.from('REDIS0010\xff\0\0\0\0\0\0\0\0', 'latin1');

const redisFormat: ToyFormat = {
  save: () => emptyRdb,
  load(bytes) {
    if (!/^(?:REDIS|VALKEY)/.test(bytes.toString('latin1', 0, 6))) throw new Error('no RDB');
    return { streamDb: 0, data: [[], [], [], []] };
  },
};

export class TcpNode {
  readonly toy: ToyNode;
  readonly #sockets: Set<net.Socket>;
  readonly #server: net.Server;
  readonly #cron: { cancel(): void };

  constructor(toy: ToyNode, server: net.Server, sockets: Set<net.Socket>) {
    this.toy = toy;
    this.#server = server;
    this.#sockets = sockets;
    this.#cron = systemClock.every(1000, () => toy.replication.cron());
  }

  close(): void {
    this.#cron.cancel();
    this.toy.replication.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

/** A node that listens; resolves once it does. */
export async function startTcpNode(settings: Partial<Settings> = {}): Promise<TcpNode> {
  const sockets = new Set<net.Socket>();
  let listener: Listener | undefined;
  const server = net.createServer((socket) => {
    sockets.add(socket);
    if (listener !== undefined) serve(socket, listener);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  const world: ToyWorld = {
    clock: systemClock,
    random: systemRandom,
    nodes: new Map(),
    defer: (fn) => void setImmediate(fn),
    network: {
      connect: (target, events) => connectTcp(target, events),
      listen: (_, given) => {
        listener = given;
        return { close: () => undefined };
      },
    },
  };
  const toy = new ToyNode(world, port, settings);
  toy.format = redisFormat;
  return new TcpNode(toy, server, sockets);
}

function serve(socket: net.Socket, listener: Listener): void {
  const events = listener({
    address: `${socket.remoteAddress}:${socket.remotePort}`,
    wire: {
      write: (bytes, written) => {
        socket.write(bytes, () => written?.());
      },
      pause: () => void socket.pause(),
      resume: () => void socket.resume(),
      destroy: () => void socket.destroy(),
    },
  });
  socket.on('data', (chunk: Buffer) => events.onData(chunk));
  socket.on('error', () => undefined);
  socket.on('close', () => events.onClose('closed by the other end'));
}
