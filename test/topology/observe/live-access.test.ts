// Ways in to live servers: TLS, Unix sockets, users of the ACL; by address and by inventory.
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/instance/secret.ts';
import { readTls } from '../../../src/instance/tls.ts';
import { diagnose } from '../../../src/topology/findings/diagnose.ts';
import { parseSpec } from '../../../src/topology/spec.ts';
import { jsonOf, runRepl } from '../../cli/run-repl.ts';
import type { StatusDocument } from '../../../src/cli/views/status-json.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import { startTls, tlsFiles, type TlsServer } from '../../support/tls-server.ts';
import { waitFor } from '../../support/wait-for.ts';
import { edgesOf, linkUp, look, soundArgs, startTree } from '../live.ts';

const use = useResources();
const host = '127.0.0.1';
const { ca, cert, key } = tlsFiles;

describe('TLS', () => {
  let master: TlsServer;
  let replica: TlsServer;

  beforeEach(async (context) => {
    needServer(context, 'redis7');
    master = await startTls(use);
    replica = await startTls(use, master.tlsPort);
    await linkUp(replica.server);
  });

  it('reaches the whole tree with the flags, and with the environment', async () => {
    const cwd = await use.tempDir();
    const at = `${host}:${replica.tlsPort}`;
    const flags = ['--ca', ca, '--cert', cert, '--key', key];
    const run = await runRepl(['status', at, '--json', ...flags], { cwd });
    expect(jsonOf<StatusDocument>(run)).toMatchObject({ verdict: 'healthy', problems: [] });
    expect(
      jsonOf<StatusDocument>(run)
        .nodes.map(({ address }) => address)
        .sort(),
    ).toEqual([master, replica].map(({ tlsPort }) => `${host}:${tlsPort}`).sort());
    const env = { REPL_TLS: '1', REPL_TLS_CA: ca, REPL_TLS_CERT: cert, REPL_TLS_KEY: key };
    expect(await runRepl(['status', at], { cwd, env })).toMatchObject({ code: 0, stderr: '' });
    const half = await runRepl(['status', at, '--cert', cert], { cwd });
    expect(half).toMatchObject({ code: 2 });
    const missing = await runRepl(['status', at, '--ca', '/nowhere/ca.crt'], { cwd });
    expect(missing.stderr).toContain('could not read /nowhere/ca.crt');
  });

  it('through ioredis too', async () => {
    const tls = await readTls({ ca, cert, key });
    const words = [`${host}:${master.tlsPort}`];
    const seen = await look(master.server, { words, credentials: { tls } });
    const connected = await seen.connect(seen.topology.nodes[0]);
    if (connected.kind === 'failed') throw new Error(connected.failure.message);
    use.defer(() => connected.value.close());
    expect(await connected.value.call(['PING'])).toEqual({ kind: 'ok', value: 'PONG' });
  });

  it.each([
    ['a certificate of nobody we trust', { ...tlsFiles, ca: tlsFiles.otherCa }, 'nobody we trust'],
    ['a server that wants one of us', { ca }, 'wants a certificate of us'],
  ])('says what is wrong: %s', async (_words, files, message) => {
    const tls = await readTls(files);
    const words = [`${host}:${master.tlsPort}`];
    const { topology } = await look(master.server, { words, credentials: { tls } });
    expect(topology.nodes[0].state).toMatchObject({
      kind: 'down',
      failure: { kind: 'tls', message: expect.stringContaining(message) },
    });
  });

  it('is named where a server that speaks none does not answer', async () => {
    const tls = await readTls({ ca });
    const seen = await look(master.server, { credentials: { tls }, timeoutMs: 500 });
    expect(seen.topology.nodes[0].state).toMatchObject({
      failure: { kind: 'timeout', message: expect.stringContaining('no answer to TLS') },
    });
  });

  it('stands in the inventory', async () => {
    const spec = parseSpec(
      [
        `version: 1\nca: ${ca}\ncert: ${cert}\nkey: ${key}\nnodes:`,
        `  - { name: a, port: ${master.tlsPort} }`,
        `  - { name: b, port: ${replica.server.port}, replicaof: a, tls: false }`,
      ].join('\n'),
    );
    const seen = await look(master.server, { words: [], lab: { dir: '/', spec } });
    expect(seen.topology.nodes.map(({ state }) => state.kind)).toEqual(['up', 'up']);
    expect(seen.topology.links).toMatchObject([{ state: 'up' }]);
  });
});

describe('a Unix socket', () => {
  it('is an address, and the node behind it keeps its place among the others', async (context) => {
    needServer(context, 'redis7');
    const dir = await use.tempDir();
    const socket = join(dir, 'a.sock');
    const a = await use.server('redis7', { conf: `unixsocket ${socket}\n`, args: soundArgs });
    const args = [...soundArgs, '--replicaof', `localhost ${a.port}`];
    const b = await use.server('redis7', { conf: '', args });
    await linkUp(b);
    for (const word of [socket, `unix:${socket}`]) {
      const seen = await look(a, { words: [word] });
      expect(seen.topology.nodes).toHaveLength(2);
      expect(seen.find(word).name).toBe(socket);
      expect(seen.find(word).dialAddress).toEqual({ host, port: a.port });
      expect(seen.topology.links).toMatchObject([{ upstream: seen.find(word).id, state: 'up' }]);
      expect(diagnose(seen.topology)).toEqual([]);
    }
    const spec = parseSpec(
      [
        `version: 1\nnodes:`,
        `  - { name: a, port: ${a.port}, socket: ${socket} }`,
        `  - { name: b, port: ${b.port}, replicaof: a }`,
      ].join('\n'),
    );
    const lab = { dir: '/', spec };
    const seen = await look(a, { words: [String(a.port)], lab });
    expect(seen.topology.nodes.map(({ address }) => address.port)).toEqual([0, b.port]);
    await a.kill9();
    await waitFor(async () => (await b.info('master_link_status')) === 'down');
    const dead = await look(b, { words: [], lab });
    expect(dead.topology.nodes).toHaveLength(2);
    expect(edgesOf(dead)).toEqual([`${b.port} -> 0`]);
  });
});

describe('users of the ACL', () => {
  it('stand in the inventory, for all and for one', async (context) => {
    needServer(context, 'redis7');
    const { a, b } = await startTree(use, 'redis7', { a: undefined, b: 'a' });
    await a.cli('ACL', 'SETUSER', 'looker', 'on', '>pw', '+@all');
    await b.cli('ACL', 'SETUSER', 'other', 'on', '>pw2', '+@all');
    for (const server of [a, b]) await server.cli('ACL', 'SETUSER', 'default', 'off');
    const spec = parseSpec(
      [
        `version: 1\nusername: looker\npassword: pw\nnodes:`,
        `  - { name: a, port: ${a.port} }`,
        `  - { name: b, port: ${b.port}, replicaof: a, username: other, password: pw2 }`,
      ].join('\n'),
    );
    const seen = await look(a, { words: [], lab: { dir: '/', spec } });
    expect(seen.topology.nodes.map(({ state }) => state.kind)).toEqual(['up', 'up']);
    const connected = await seen.connect(seen.find('b'));
    expect(connected.kind).toBe('ok');
    if (connected.kind === 'ok') connected.value.close();
    const credentials = { username: 'looker', password: new Secret('pw') };
    const one = await look(a, { credentials });
    expect(one.topology.nodes.map(({ state }) => state.kind).sort()).toEqual(['down', 'up']);
  });
});
