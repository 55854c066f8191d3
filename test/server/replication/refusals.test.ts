/**
 * Golden transcripts of a master's side: what a replica says over a real socket, and every byte that
 * comes back, for each reason for which it is refused or not continued. Recorded from redis-server
 * 7.0 (UPDATE_GOLDEN=1), and ours must say the same; what differs from run to run stands in <…>.
 */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { expectGolden } from '../../support/golden.ts';
import { connectResp, encodeCommand, type RespClient } from '../../support/resp-client.ts';
import { type Resources, useResources } from '../../support/resources.ts';
import { needServer, type ServerKind } from '../../support/server-kinds.ts';
import type { ServerOptions, TestServer } from '../../support/server-process.ts';
import { waitFor } from '../../support/wait-for.ts';
import { startFakeMaster } from './support/fake-master.ts';

const use = useResources();

/** Ids by their names in the transcript. */
type Names = Map<string, string>;

interface Scenario {
  readonly options?: ServerOptions;
  readonly prepare?: (server: TestServer, use: Resources) => Promise<void>;
  /** Where the replica comes from, when it is not the loopback. */
  readonly host?: string;
  /** The requests, as words or as raw bytes; `<replid>`, `<former>`, `<next>` … are filled in. */
  readonly says: readonly (readonly string[] | string)[];
}

const foreign = 'c'.repeat(40);
const capa = ['REPLCONF', 'capa', 'eof', 'capa', 'psync2'];
const calm: ServerOptions = { args: ['--repl-ping-replica-period', '3600'] };

/** A first replica comes and goes: from then on there is a backlog. */
async function hadReplica(server: TestServer): Promise<void> {
  const replica = await server.connect();
  replica.sendRaw(encodeCommand(['SYNC']));
  await replica.readRawUntil('$');
  replica.close();
  await waitFor(async () => (await server.info('connected_slaves')) === '0');
  await waitFor(async () => (await server.info('rdb_bgsave_in_progress')) === '0');
  await server.cli('CONFIG', 'RESETSTAT');
  await server.cli('SET', 'key', 'value');
}

/** It has followed a master, and was made one. */
async function wasPromoted(server: TestServer, resources: Resources): Promise<void> {
  const upstream = await resources.server('redis7', calm);
  await upstream.cli('SET', 'key', 'value');
  await server.cli('REPLICAOF', '127.0.0.1', upstream.port);
  await waitFor(async () => (await server.info('master_link_status')) === 'up');
  await upstream.cli('SET', 'key', 'other value');
  await waitFor(async () => (await server.cli('GET', 'key')) === 'other value');
  await server.cli('REPLICAOF', 'NO', 'ONE');
  await server.cli('SET', 'key', 'mine');
}

/** It takes its time with the keys of its master's RDB. */
async function isLoading(server: TestServer, resources: Resources): Promise<void> {
  const upstream = await resources.server('redis7', calm);
  await upstream.cli('DEBUG', 'POPULATE', '1000', 'key', '100');
  await server.cli('REPLICAOF', '127.0.0.1', upstream.port);
  await waitFor(async () => (await server.info('loading')) === '1');
}

async function lostItsMaster(server: TestServer, resources: Resources): Promise<void> {
  const master = await resources.add(startFakeMaster({}));
  await server.cli('REPLICAOF', '127.0.0.1', master.port);
}

async function isFull(server: TestServer): Promise<void> {
  const only = await server.connect();
  await only.must('CONFIG', 'SET', 'maxclients', '1');
}

const outside = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address;

const scenarios: Record<string, Scenario> = {
  'no history': { says: [['PSYNC', '?', '-1']] },
  'no history, eof capability': { says: [capa, ['PSYNC', '?', '-1']] },
  'an old replica': { says: [['SYNC']] },
  'foreign history': { prepare: hadReplica, says: [capa, ['PSYNC', foreign, '100']] },
  'no backlog': { says: [['PSYNC', '<replid>', '1']] },
  'backlog too short': {
    options: { args: ['--repl-backlog-size', '16384', '--repl-ping-replica-period', '3600'] },
    prepare: async (server) => {
      await hadReplica(server);
      for (const key of ['a', 'b', 'c']) await server.cli('SET', key, 'x'.repeat(40_000));
    },
    says: [['PSYNC', '<replid>', '1']],
  },
  'ahead of the master': { prepare: hadReplica, says: [['PSYNC', '<replid>', '<beyond>']] },
  'continued, without psync2': { prepare: hadReplica, says: [['PSYNC', '<replid>', '<next>']] },
  'continued from the first byte': {
    prepare: hadReplica,
    says: [capa, ['PSYNC', '<replid>', '1']],
  },
  'former history, beyond its end': {
    prepare: wasPromoted,
    says: [capa, ['PSYNC', '<former>', '<after former>']],
  },
  'former history, continued': {
    prepare: wasPromoted,
    says: [capa, ['PSYNC', '<former>', '<end of former>']],
  },
  'no offset': { says: [['PSYNC', '?', 'abc'], ['PSYNC', '?'], ['PSYNC']] },
  'a filter without the eof capability': {
    says: [
      ['REPLCONF', 'rdb-filter-only', ''],
      ['PSYNC', '?', '-1'],
    ],
  },
  'an unknown filter': { says: [['REPLCONF', 'rdb-filter-only', 'functions nonsense']] },
  'unknown options': {
    says: [
      ['REPLCONF', 'nonsense', '1'],
      ['REPLCONF', 'capa'],
      ['REPLCONF', 'listening-port', 'x'],
      ['REPLCONF', 'rdb-only', 'x'],
      ['REPLCONF', 'capa', 'nonsense'],
      ['REPLCONF', 'ip-address', 'h'.repeat(300)],
    ],
  },
  'no password': {
    options: { password: 'secret' },
    says: [['PING'], capa, ['PSYNC', '?', '-1'], ['SYNC']],
  },
  'a wrong password': {
    options: { password: 'secret' },
    says: [
      ['AUTH', 'wrong'],
      ['AUTH', 'nobody', 'secret'],
      ['PSYNC', '?', '-1'],
    ],
  },
  'a password where none is set': { says: [['AUTH', 'secret']] },
  'in a transaction': { says: [['MULTI'], ['PSYNC', '?', '-1'], ['EXEC']] },
  'while it loads': {
    options: {
      args: ['--key-load-delay', '5000', '--loading-process-events-interval-bytes', '1024'],
    },
    prepare: isLoading,
    says: [['PING'], capa, ['PSYNC', '?', '-1'], ['SYNC']],
  },
  'without its own master': {
    prepare: lostItsMaster,
    says: [['PING'], capa, ['PSYNC', '?', '-1'], ['SYNC']],
  },
  'without its own master, no stale data': {
    options: { args: ['--replica-serve-stale-data', 'no'] },
    prepare: lostItsMaster,
    says: [['PING'], capa, ['PSYNC', '?', '-1'], ['SYNC']],
  },
  'asked to take over as a master': { says: [['PSYNC', '<replid>', '1', 'FAILOVER']] },
  'asked to take over by a stranger': {
    prepare: lostItsMaster,
    says: [['PSYNC', foreign, '1', 'FAILOVER']],
  },
  'too many clients': { prepare: isFull, says: [''] },
  garbage: { says: ['*1\r\n$x\r\n'] },
  'a command on the link that replies': { says: [['PSYNC', '?', '-1'], ['PING']] },
  'a command on the link that needs keys': {
    says: [
      ['PSYNC', '?', '-1'],
      ['GET', 'key'],
    ],
  },
};

describe.each(Object.entries(scenarios))('what a master says: %s', (name, scenario) => {
  const url = new URL(
    `../../transcripts/master/${name.replaceAll(/[^a-zA-Z0-9]+/g, '-')}.txt`,
    import.meta.url,
  );

  test('is as recorded, from redis-server', async (context) => {
    needServer(context, 'redis7');
    const text = await play('redis7', scenario);
    expect(text).toContain('master');
    expectGolden(text, url);
  });

  test('is as recorded, from the bundled server', async (context) => {
    const { prepare } = scenario;
    if (prepare === wasPromoted || prepare === isLoading) needServer(context, 'redis7');
    expect(await play('bundled', scenario)).toBe(readFileSync(url, 'utf8'));
  });
});

/** The words of the refusal are each server's own; its code is what a replica goes by. */
test.for(['redis7', 'bundled'] as const)(
  'protected mode refuses strangers: %s',
  async (kind, context) => {
    needServer(context, kind);
    if (outside === undefined) {
      context.skip('no address besides the loopback');
      return;
    }
    const server = await use.server(kind, {
      args: ['--bind', '0.0.0.0', '--protected-mode', 'yes'],
    });
    const client = await use.add(connectResp({ host: outside, port: server.port }));
    expect((await client.readToEnd()).toString('latin1')).toMatch(
      /^-DENIED Redis is running in protected mode [^\n]*\r\n$/,
    );
  },
);

/** Ours has no ACL users: these are the words that replicas of ours get to hear from a real master. */
test('a user without permissions, from redis-server', async (context) => {
  needServer(context, 'redis7');
  const server = await use.server('redis7');
  await server.cli('ACL', 'SETUSER', 'repl', 'on', '>secret', '+auth');
  const client = await server.connect();
  const said = [['AUTH', 'repl', 'secret'], ['PING'], capa, ['PSYNC', '?', '-1']];
  expect(await client.pipeline(said)).toEqual([
    'OK',
    { error: "NOPERM this user has no permissions to run the 'ping' command" },
    { error: "NOPERM this user has no permissions to run the 'replconf' command" },
    { error: "NOPERM this user has no permissions to run the 'psync' command" },
  ]);
});

async function play(kind: ServerKind, { options, prepare, says }: Scenario): Promise<string> {
  const server = await use.server(kind, options ?? calm);
  await prepare?.(server, use);
  const names = prepare === isFull ? new Map<string, string>() : await namesOf(server);
  const client = await use.add(connectResp({ port: server.port }));
  const lines: string[] = [];
  for (const request of says) {
    const bytes = encodeRequest(request, names);
    lines.push(`replica → ${shown(bytes.toString('latin1'), names)}`);
    client.sendRaw(bytes);
    for (const line of await answer(client, request, names))
      lines.push(`master  → ${shown(line, names)}`);
  }
  client.close();
  return `${lines.join('\n')}\n`;
}

/** What is on record about the server's history before the conversation. */
async function namesOf(server: TestServer): Promise<Names> {
  const client = await server.connect();
  const text = (await client.must('INFO', 'replication')) as string;
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\r`, 'm').exec(text)?.[1] ?? '';
  const offset = Number(field('master_repl_offset'));
  const second = Number(field('second_repl_offset'));
  return new Map([
    ['replid', field('master_replid')],
    ['former', field('master_replid2')],
    ['next', String(offset + 1)],
    ['beyond', String(offset + 1001)],
    ['end of former', String(second)],
    ['after former', String(second + 1)],
  ]);
}

function encodeRequest(request: readonly string[] | string, names: Names): Buffer {
  if (typeof request === 'string') return Buffer.from(request);
  return encodeCommand(request.map((word) => filledIn(word, names)));
}

function filledIn(word: string, names: Names): string {
  return word.replaceAll(/<([^>]+)>/g, (_, name: string) => names.get(name) ?? '');
}

/** The lines that come back, and what follows the first of them. */
async function answer(
  client: RespClient,
  request: readonly string[] | string,
  names: Names,
): Promise<string[]> {
  const reply = await client.readRawUntil('\n').catch(() => undefined);
  if (reply === undefined) return ['closes the connection'];
  const line = reply.toString('latin1');
  if (line.startsWith('+FULLRESYNC ')) {
    return [line.replace(/^(\S+) \S{40} \d+/, '$1 <id> <offset>'), ...(await rdb(client, ''))];
  }
  if (line.startsWith('+CONTINUE')) {
    const from = Number(filledIn(request[2], names));
    const missing = await client.readRaw(Number(names.get('next')) - from);
    return [line, missing.toString('latin1')];
  }
  return line.startsWith('-') || line.startsWith('+') ? [line] : rdb(client, line);
}

/** The data set in either form; `begun` is its first line where that is read already. */
async function rdb(client: RespClient, begun: string): Promise<string[]> {
  // Empty lines, which say that the master is alive, come as they will.
  let head = begun;
  while (head.trim() === '') head = (await client.readRawUntil('\n')).toString('latin1');
  const mark = /^\$EOF:(.{40})\r\n$/.exec(head)?.[1];
  if (mark !== undefined) {
    const bytes = await client.readRawUntil(mark);
    expect(bytes.toString('latin1', 0, 5)).toBe('REDIS');
    return ['$EOF:<mark>\r\n', '<an RDB><mark>'];
  }
  const size = /^\$(\d+)\r\n$/.exec(head)?.[1];
  expect(head).toBe(`$${size}\r\n`);
  const bytes = await client.readRaw(Number(size));
  expect(bytes.toString('latin1', 0, 5)).toBe('REDIS');
  return ['$<size>\r\n', '<an RDB>'];
}

/** On one line, ids under their names. */
function shown(text: string, names: Names): string {
  let line = JSON.stringify(text).slice(1, -1);
  for (const [name, value] of names) {
    if (/^[0-9a-f]{40}$/.test(value) && !/^0+$/.test(value))
      line = line.replaceAll(value, `<${name}>`);
  }
  // Offsets are each server's own.
  return line.replace(/(<replid>|<former>)(\\r\\n)\$\d+\\r\\n\d+/, '$1$2<offset>');
}
