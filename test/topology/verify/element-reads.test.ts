// The reads of values against a live server: pieces are joined, and a change is seen.
import { describe, expect, it } from 'vitest';
import { connectInBulk } from '../../../src/instance/connection.ts';
import { NodeReader } from '../../../src/topology/verify/node-reader.ts';
import type { KeyState } from '../../../src/topology/verify/key-state.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import type { TestServer } from '../../support/server-process.ts';
import { liveKinds } from '../live.ts';

const use = useResources();

async function readerOf(
  { port }: TestServer,
  options: { fieldsExpire?: boolean; pexpiretime?: boolean } = {},
): Promise<NodeReader> {
  const { fieldsExpire = false, pexpiretime = true } = options;
  const connected = await connectInBulk({ host: '127.0.0.1', port, timeoutMs: 5000 });
  if (connected.kind === 'failed') throw new Error(connected.failure.message);
  use.defer(() => connected.value.close());
  const abilities = {
    digest: false,
    pexpiretime,
    hpexpiretime: false,
    watch: true,
    clockSkewMs: 0,
  };
  return new NodeReader('master', connected.value, {
    abilities,
    options: { digestTypes: [], byDump: true, fieldsExpire },
  });
}

const numbers = Array.from({ length: 1000 }, (_, at) => at);

/** How a large value of each type is made, and one small change to it. */
const values: readonly (readonly [
  type: string,
  make: (string | number)[][],
  change: (string | number)[],
])[] = [
  ['string', [['SET', 'k', `${'x'.repeat(70_000)}y`]], ['SETRANGE', 'k', 70_000, 'z']],
  ['list', [['RPUSH', 'k', ...numbers]], ['LSET', 'k', 700, 'x']],
  ['set', [['SADD', 'k', ...numbers.map((at) => `m${at}`)]], ['SREM', 'k', 'm700']],
  ['hash', [['HSET', 'k', ...numbers.flatMap((at) => [`f${at}`, at])]], ['HSET', 'k', 'f700', 'x']],
  ['zset', [['ZADD', 'k', ...numbers.flatMap((at) => [at, `m${at}`])]], ['ZADD', 'k', 0.5, 'm700']],
  ['stream', numbers.map((at) => ['XADD', 'k', `${at + 1}-1`, 'f', at]), ['XDEL', 'k', '700-1']],
  ['stream', [['XADD', 'k', '1-1', 'f', 'v']], ['XGROUP', 'CREATE', 'k', 'group', '0']],
  ['stream', [['XADD', 'k', '1-1', 'f', 'v']], ['XSETID', 'k', '2-1']],
];

describe.each(liveKinds)('values read in pieces on %s', (kind) => {
  it('are the same on two servers, and differ after a small change', async (context) => {
    needServer(context, kind);
    const servers = [await use.server(kind), await use.server(kind)];
    const readers = await Promise.all(servers.map((server) => readerOf(server)));
    const readBoth = async (): Promise<KeyState[]> =>
      (await Promise.all(readers.map((reader) => reader.read(['k'])))).flat();
    for (const [type, make, change] of values) {
      const sent = make.map((command) => command.map(String));
      for (const reader of readers) await reader.ask([['DEL', 'k'], ...sent]);
      const [first, second] = await readBoth();
      expect(first.type).toBe(type);
      expect(first.sum?.by).toBe('elements');
      expect(second).toEqual(first);
      await readers[1].ask([change.map(String)]);
      const [before, after] = await readBoth();
      expect(before).toEqual(first);
      expect(after.sum?.text).not.toBe(first.sum?.text);
    }
  });

  it('expire at the same time, whether the server says when or in how long', async (context) => {
    needServer(context, kind);
    const server = await use.server(kind);
    const atMs = 4_000_000_000_000;
    await server.cli('SET', 'k', 'v', 'PXAT', atMs);
    const [exact] = await (await readerOf(server)).read(['k']);
    const [measured] = await (await readerOf(server, { pexpiretime: false })).read(['k']);
    expect(exact.expireAtMs).toBe(atMs);
    expect(Math.abs((measured.expireAtMs ?? 0) - atMs)).toBeLessThan(1000);
  });
});

describe('fields that expire', () => {
  it('are part of the sum where both nodes know them', async (context) => {
    needServer(context, 'redis8');
    const server = await use.server('redis8');
    const reader = await readerOf(server, { fieldsExpire: true });
    await server.cli('HSET', 'k', 'a', '1', 'b', '2');
    const [before] = await reader.read(['k']);
    await server.cli('HPEXPIREAT', 'k', 4_000_000_000_000, 'FIELDS', 1, 'a');
    const [after] = await reader.read(['k']);
    expect(before.sum?.by).toBe('elements');
    expect(after.sum?.text).not.toBe(before.sum?.text);
  });
});

describe('a type without a reader', () => {
  it('is compared by DUMP within one version', async (context) => {
    needServer(context, 'redis8');
    const server = await use.server('redis8');
    if ((await server.cli('VADD', 'k', 'VALUES', 2, 1, 2, 'e')).includes('unknown command')) {
      context.skip('this Redis 8 has no vector sets');
    }
    const reader = await readerOf(server);
    const [before] = await reader.read(['k']);
    await server.cli('VADD', 'k', 'VALUES', 2, 3, 4, 'f');
    const [after] = await reader.read(['k']);
    expect(before.sum?.by).toBe('dump');
    expect(after.sum?.text).not.toBe(before.sum?.text);
  });
});
