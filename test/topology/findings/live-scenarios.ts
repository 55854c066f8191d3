/**
 * How to make every illness of the table on live servers. A scenario changes the pool so that its
 * code is found, and says how to look; the pool puts everything back.
 */
import { connect } from 'node:net';
import type { Observation } from '../../../src/cli/observe.ts';
import type { ProblemCode } from '../../../src/topology/findings/diagnose.ts';
import { connectResp } from '../../support/resp-client.ts';
import type { ServerKind } from '../../support/server-kinds.ts';
import { waitFor } from '../../support/wait-for.ts';
import { names, type Name, type Pool, type Shape } from './live-pool.ts';
import { linkUp, soundArgs } from '../live.ts';

const host = '127.0.0.1';
const password = 'pw';

export interface Scenario {
  readonly code: ProblemCode;
  /** Changes the pool, and says how to look at it; without a word, as `repl status` does. */
  readonly make: (pool: Pool) => Promise<(() => Promise<Observation>) | void>;
  /** Why it cannot be there; undefined where it can. */
  readonly not?: (kind: ServerKind, shape: Shape) => string | undefined;
  /** The other servers that it takes. */
  readonly needs?: readonly ServerKind[];
}

const lookLoggedIn = (pool: Pool) => () => pool.look({ password });

/**
 * The upstream turns its replicas away from now on; those that it has stay. They are set free before
 * it opens again: a replica that is let in between PSYNC, refused, and the old SYNC that it tries
 * next, stays linked without an offset. [Redis 8.0]
 */
async function lockUpstream(pool: Pool): Promise<void> {
  const { up } = pool;
  await pool.set(up, 'requirepass', password);
  const replicas = names.filter((name) => pool.tree[name] === up);
  pool.defer(() => Promise.all(replicas.map((name) => pool.follow(name, undefined))));
}

/** Dead and back without data: it has never had a link. */
async function makeFresh(pool: Pool, name: Name): Promise<void> {
  await pool.restart(name);
  await pool.command(name, 'FLUSHALL');
}

async function makeForeign(pool: Pool, name: Name): Promise<void> {
  await pool.follow(name, undefined);
  await pool.command(name, 'SET', 'own', 'data');
}

/** Announces another port from its next link on. */
async function announce(pool: Pool, port: number): Promise<void> {
  const { up } = pool;
  pool.defer(() => pool.command(up, 'CLIENT', 'KILL', 'TYPE', 'replica'));
  await pool.set(pool.leaf, 'replica-announce-port', String(port));
  await pool.command(up, 'CLIENT', 'KILL', 'TYPE', 'replica');
}

/** Writes until it is told to end. */
function writeAlong(pool: Pool, bytes: number): void {
  const over = new AbortController();
  const value = 'x'.repeat(bytes);
  const writing = (async () => {
    const client = await pool.servers.a.connect();
    while (!over.signal.aborted) {
      await client.command('SET', 'written', value);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    client.close();
  })().catch(() => {}); // The server may be closed before the writer is.
  pool.defer(() => {
    over.abort();
    return writing;
  });
}

/** What a second connection of one replica looks like to its upstream. */
async function addTwin(pool: Pool): Promise<void> {
  const socket = connect(pool.servers[pool.up].port, host);
  socket.on('error', () => {});
  pool.defer(() => socket.destroy());
  const answered = (): Promise<void> =>
    new Promise((resolve) => void socket.once('data', () => resolve()));
  socket.write(`REPLCONF listening-port ${pool.servers[pool.leaf].port}\r\n`);
  await answered();
  socket.write('PSYNC ? -1\r\n');
  await answered();
  socket.on('data', () => void socket.write('REPLCONF ACK 0\r\n'));
}

/** Looks again and again: what changes shows from the second look on. */
function lookOnAndOn(pool: Pool): () => Promise<Observation> {
  let seen: Observation | undefined;
  return async () => {
    const before = seen;
    await new Promise((resolve) => setTimeout(resolve, before === undefined ? 0 : 150));
    seen = await (before === undefined ? pool.look() : before.again());
    return seen;
  };
}

/** As real servers log it, and as ours does. */
const droppedForItsBuffer = /output buffer limits|\(client-output-buffer-limit replica\)/;

const onlyReal = (kind: ServerKind): string | undefined =>
  kind === 'bundled' ? 'it reloads at one go' : undefined;

/** In the order of the table of codes. */
export const scenarios: readonly Scenario[] = [
  { code: 'no-master', make: (pool) => pool.kill('a') },
  {
    code: 'dual-master',
    make: async (pool) => void (await pool.follow(pool.leaf, undefined)),
  },
  { code: 'self', make: async (pool) => void (await pool.follow(pool.leaf, pool.leaf)) },
  { code: 'cycle', make: async (pool) => void (await pool.follow('a', pool.leaf)) },
  {
    code: 'fenced-master',
    async make(pool) {
      const { leaf } = pool;
      await pool.follow(leaf, undefined);
      // As an emergency promotion notes it; here the leaf plays the master that comes back.
      const at = (name: Name): { name: string; address: { host: string; port: number } } => ({
        name,
        address: { host, port: pool.servers[name].port },
      });
      const fence = { ...at(leaf), by: at('a'), at: 0, masterReplid: 'a'.repeat(40), offset: 1 };
      return () => pool.look({ fences: [fence] });
    },
  },
  {
    code: 'empty-master',
    async make(pool) {
      await pool.restart('a', ['--requirepass', password]);
      const client = await connectResp({ port: pool.servers.a.port, password });
      await client.command('FLUSHALL');
      client.close();
      pool.defer(() => pool.restart('a'));
      return lookLoggedIn(pool);
    },
  },
  {
    code: 'foreign-history',
    async make(pool) {
      await makeForeign(pool, pool.leaf);
      await lockUpstream(pool);
      await pool.follow(pool.leaf, pool.up);
      return lookLoggedIn(pool);
    },
  },
  { code: 'unreachable', make: (pool) => pool.kill(pool.leaf) },
  {
    code: 'min-replicas-unmet',
    make: (pool) => pool.set('a', 'min-replicas-to-write', '9'),
  },
  {
    code: 'output-buffer-loop',
    async make(pool) {
      const { up, leaf } = pool;
      await pool.set(up, 'repl-backlog-size', '16384');
      await pool.set(up, 'client-output-buffer-limit', 'replica 100kb 0 0');
      // So long that no pause of the writer, on a machine of others, lets a copy come to its end.
      await pool.set(up, 'rdb-key-save-delay', '300000');
      // Redis 8 lets the replica itself hold what is written meanwhile.
      if (pool.servers[leaf].kind === 'redis8') await pool.set(leaf, 'repl-rdb-channel', 'no');
      await makeForeign(pool, leaf);
      writeAlong(pool, 20_000);
      const dropped = (): number => pool.servers[up].log().split(droppedForItsBuffer).length;
      const before = dropped();
      await pool.follow(leaf, up);
      const timeoutMs = 30_000;
      await waitFor(() => dropped() > before + 2, { timeoutMs, what: 'copies to break off' });
      return lookOnAndOn(pool);
    },
  },
  {
    code: 'link-down',
    async make(pool) {
      await lockUpstream(pool);
      await pool.command(pool.up, 'CLIENT', 'KILL', 'TYPE', 'replica');
      return lookLoggedIn(pool);
    },
  },
  {
    code: 'orphan-subtree',
    not: (_kind, shape) => (shape === 'star' ? 'a star has no subtree' : undefined),
    make: (pool) => pool.kill('b'),
  },
  {
    code: 'never-synced-serving',
    async make(pool) {
      await makeFresh(pool, pool.leaf);
      await lockUpstream(pool);
      await pool.follow(pool.leaf, pool.up);
      return lookLoggedIn(pool);
    },
  },
  {
    code: 'version-skew',
    not: (kind) => (kind === 'bundled' ? 'it loads what all others write' : undefined),
    needs: ['redis7', 'redis8'],
    async make(pool) {
      const { port } = pool.servers[pool.up];
      const isNew = pool.servers.a.kind === 'redis8';
      const conf = isNew ? `replicaof ${host} ${port}\n` : '';
      const other = await pool.extra(isNew ? 'redis7' : 'redis8', { conf, args: soundArgs });
      if (!isNew) await pool.command(pool.leaf, 'REPLICAOF', host, other.port);
      return () => pool.look({ extra: [{ host, port: other.port }] });
    },
  },
  {
    code: 'sentinel-stale',
    needs: ['redis7'],
    async make(pool) {
      const { port } = pool.servers[pool.leaf];
      const conf = `sentinel monitor mymaster ${host} ${port} 2\nsentinel down-after-milliseconds mymaster 60000\n`;
      const ready = 'Sentinel ID is';
      const sentinel = await pool.extra('redis7', { conf, args: ['--sentinel'], ready });
      return () => pool.look({ extra: [{ host, port: sentinel.port }] });
    },
  },
  {
    code: 'auth-trap',
    async make(pool) {
      await pool.set(pool.leaf, 'requirepass', password);
      return lookLoggedIn(pool);
    },
  },
  {
    code: 'writable-replica',
    make: (pool) => pool.set(pool.leaf, 'replica-read-only', 'no'),
  },
  {
    code: 'chain-after-failover',
    async make(pool) {
      // The deepest may be promoted too: someone else is left below the old master then.
      const promoted = pool.tree.d === 'c' ? 'c' : 'b';
      await pool.follow(promoted, undefined);
      await pool.follow('a', promoted);
      return () => pool.look(pool.lab());
    },
  },
  {
    code: 'phantom-replica',
    async make(pool) {
      await announce(pool, 1);
      const words = names.filter((name) => name !== pool.leaf).map((name) => pool.address(name));
      return () => pool.look({ words });
    },
  },
  {
    code: 'duplicate-replica',
    make: addTwin,
  },
  { code: 'announced-unreachable', make: (pool) => announce(pool, 1) },
  {
    code: 'syncing',
    async make(pool) {
      await pool.set(pool.up, 'rdb-key-save-delay', '100000');
      await makeForeign(pool, pool.leaf);
      await pool.follow(pool.leaf, pool.up);
    },
  },
  {
    code: 'lag-high',
    async make(pool) {
      const { up, leaf } = pool;
      await pool.set(up, 'repl-backlog-size', '16384');
      const proxy = await pool.proxyTo(up);
      await pool.command(leaf, 'REPLICAOF', host, proxy.port);
      await linkUp(pool.servers[leaf]);
      proxy.stall('toClient');
      for (let n = 0; n < 10; n++) await pool.command('a', 'SET', 'written', 'x'.repeat(5000));
      // The leaf names the proxy as its upstream, and who dials that waits for nothing.
      return () => pool.look({ timeoutMs: 1000 });
    },
  },
  {
    code: 'config-drift',
    async make(pool) {
      const elsewhere = pool.up === 'a' ? 'b' : 'a';
      return () => pool.look(pool.lab({ ...pool.tree, [pool.leaf]: elsewhere }));
    },
  },
  {
    code: 'loading',
    not: onlyReal,
    async make(pool) {
      const { leaf } = pool;
      await pool.set(leaf, 'loading-process-events-interval-bytes', '1024');
      await pool.set(leaf, 'key-load-delay', '100000');
      const client = await pool.servers[leaf].connect();
      const reloaded = client.command('DEBUG', 'RELOAD');
      pool.defer(() => reloaded);
    },
  },
  {
    code: 'auth',
    make: (pool) => pool.set(pool.leaf, 'requirepass', password),
  },
  {
    code: 'rewrite-impossible',
    async make(pool) {
      const { up, servers } = pool;
      const args = [...soundArgs, '--replicaof', `${host} ${servers[up].port}`];
      await pool.extra(servers.a.kind as ServerKind, { args });
    },
  },
  { code: 'persistence-off-on-master', make: (pool) => pool.set('a', 'save', '') },
  {
    code: 'backlog-too-small',
    async make(pool) {
      await pool.set('a', 'repl-backlog-size', '16384');
      writeAlong(pool, 5000);
      return lookOnAndOn(pool);
    },
  },
];
