/** Replies and what comes between them: in which order, and when, they reach a client's socket. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Client, type ClientTransport } from '../../src/server/client.ts';
import { Config } from '../../src/server/config.ts';
import type { ServerContext } from '../../src/server/context.ts';
import { Keyspace } from '../../src/server/keyspace/keyspace.ts';
import { Output } from '../../src/server/output.ts';
import { seededRandom } from '../../src/util/random.ts';

/** A socket that takes what it is given in its own time: what it holds are views, not copies. */
class FakeSocket implements ClientTransport {
  readonly address = '127.0.0.1:1';
  readonly localAddress = '127.0.0.1:2';
  readonly setNoDelay = (): void => undefined;
  readonly pause = this.setNoDelay;
  readonly resume = this.setNoDelay;
  readonly end = this.setNoDelay;
  /** It passes nothing on. */
  stuck = false;
  destroyed = false;
  received = '';
  #held: Uint8Array[] = [];
  #gathering = false;

  get pendingBytes(): number {
    return this.#held.reduce((sum, { length }) => sum + length, 0);
  }

  write(bytes: Uint8Array): void {
    this.#held.push(bytes);
    if (!this.#gathering) this.pass();
  }

  gather(bytes: Uint8Array): void {
    this.#gathering = true;
    this.write(bytes);
  }

  sendGathered(): void {
    this.#gathering = false;
    this.pass();
  }

  destroy(): void {
    this.destroyed = true;
    this.#held = [];
  }

  pass(): void {
    if (this.stuck) return;
    this.received += Buffer.concat(this.#held).toString();
    this.#held = [];
  }
}

function makeOutput({ conf = '', clientCount = 3 } = {}) {
  const deferred: (() => void)[] = [];
  const keyspace = new Keyspace({
    databases: 1,
    random: seededRandom(1),
    onExpired: () => undefined,
  });
  const server = {
    config: Config.fromText(conf),
    clock: { now: () => 1000 },
    stats: { totalNetOutputBytes: 0 },
    clients: { count: clientCount },
    log: { warning: () => undefined },
    aof: { beforeReplies: () => undefined },
  } as unknown as ServerContext;
  const output = new Output({
    server,
    defer: (fn) => void deferred.push(fn),
    drop: ({ transport }) => transport.destroy(),
    onSent: () => undefined,
  });
  let id = 1;
  const connect = (): { client: Client; socket: FakeSocket } => {
    const socket = new FakeSocket();
    const db = keyspace.databases[0];
    return { client: new Client({ id: id++, transport: socket, db, nowMs: 0 }), socket };
  };
  const endTurn = (): void => deferred.splice(0).forEach((fn) => fn());
  const replyTo = (client: Client, ...texts: string[]): void => {
    output.begin(client);
    for (const text of texts) output.reply.simple(text);
    output.end(client);
  };
  return { output, connect, endTurn, replyTo };
}

test('nothing is sent before the end of the turn, and then all of it, in order', () => {
  const { output, connect, endTurn, replyTo } = makeOutput();
  const [a, b] = [connect(), connect()];
  replyTo(a.client, 'a1');
  replyTo(b.client, 'b1', 'b2');
  output.push(a.client, Buffer.from('+pushed\r\n'));
  a.client.transport.write(Buffer.from('+written\r\n'));
  replyTo(a.client, 'a2');
  expect(a.socket.received + b.socket.received).toBe('');
  endTurn();
  expect(a.socket.received).toBe('+a1\r\n+pushed\r\n+written\r\n+a2\r\n');
  expect(b.socket.received).toBe('+b1\r\n+b2\r\n');
});

test('with one or two clients replies are sent when their requests have run', () => {
  const { output, connect, replyTo } = makeOutput({ clientCount: 2 });
  const [a, b] = [connect(), connect()];
  output.begin(a.client);
  output.reply.simple('a1');
  output.push(b.client, Buffer.from('+for b\r\n'));
  expect(a.socket.received + b.socket.received).toBe('');
  output.end(a.client);
  expect([a.socket.received, b.socket.received]).toEqual(['+a1\r\n', '+for b\r\n']);
  output.push(a.client, Buffer.from('+for a\r\n'));
  replyTo(a.client, 'a2');
  expect(a.socket.received).toBe('+a1\r\n+for a\r\n+a2\r\n');
});

test('what is flushed is sent at once', () => {
  const { output, connect, endTurn, replyTo } = makeOutput();
  const [a, b] = [connect(), connect()];
  replyTo(b.client, 'b');
  output.begin(a.client);
  output.reply.simple('one');
  output.flush(a.client);
  expect([a.socket.received, b.socket.received]).toEqual(['+one\r\n', '']);
  output.reply.simple('two');
  output.end(a.client);
  endTurn();
  expect([a.socket.received, b.socket.received]).toEqual(['+one\r\n+two\r\n', '+b\r\n']);
});

test('of a client with too much to read nothing is sent', () => {
  const limit = 100_000;
  const { output, connect, endTurn, replyTo } = makeOutput({
    conf: `client-output-buffer-limit normal ${limit} 0 0\n`,
  });
  const [a, b] = [connect(), connect()];
  replyTo(a.client, 'x'.repeat(limit));
  output.begin(a.client);
  output.reply.simple('x'.repeat(limit));
  expect(output.isTooMuch).toBe(true);
  output.end(a.client);
  replyTo(b.client, 'fine');
  endTurn();
  expect(a.socket.destroyed).toBe(true);
  expect([a.socket.received, b.socket.received]).toEqual(['', '+fine\r\n']);
});

test('replies of any size reach fast and stuck sockets whole and in order', () => {
  const step = fc.record({
    who: fc.nat(2),
    size: fc.oneof(fc.nat(300), fc.constantFrom(200_000, 262_145, 600_000)),
    how: fc.constantFrom('reply', 'reply', 'flush', 'push', 'write', 'turn', 'stick', 'free'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const { output, connect, endTurn } = makeOutput();
      const all = [connect(), connect(), connect()];
      const expected = ['', '', ''];
      for (const [index, { who, size, how }] of steps.entries()) {
        const { client, socket } = all[who];
        const text = String.fromCharCode(97 + index).repeat(size);
        const bytes = Buffer.from(text);
        if (how === 'turn') endTurn();
        else if (how === 'stick') socket.stuck = true;
        else if (how === 'free') socket.stuck = false;
        else if (how === 'push') output.push(client, bytes);
        else if (how === 'write') client.transport.write(bytes);
        else {
          output.begin(client);
          output.reply.bulk(bytes);
          if (how === 'flush') output.flush(client);
          output.reply.ok();
          output.end(client);
        }
        if (['push', 'write'].includes(how)) expected[who] += text;
        if (['reply', 'flush'].includes(how)) expected[who] += `$${size}\r\n${text}\r\n+OK\r\n`;
      }
      for (const { socket } of all) socket.stuck = false;
      endTurn();
      for (const { socket } of all) socket.pass();
      expect(all.map(({ socket }, who) => socket.received === expected[who])).toEqual([
        true,
        true,
        true,
      ]);
    }),
    { numRuns: 100 },
  );
});
