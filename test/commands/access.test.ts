// Looks, comparisons and a promotion by other ways in than a plain port: TLS with a user of few rights, sockets.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runRepl } from '../cli/run-repl.ts';
import { waitForSync } from '../support/digest.ts';
import { useResources } from '../support/resources.ts';
import { needServer } from '../support/server-kinds.ts';
import { startTls, tlsFiles } from '../support/tls-server.ts';
import { linkUp, soundArgs } from '../topology/live.ts';

const use = useResources();

/** What the README says that a user needs, by the words it is said with. */
function rightsFor(what: 'looks' | 'verify' | 'changes'): string[] {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const row = readme.split('\n').find((line) => line.startsWith(`| ${what} |`));
  const rules = /`([^`]+)`/.exec(row ?? '')?.[1];
  if (rules === undefined) throw new Error(`the README does not say what ${what} need`);
  return rules.replaceAll('\\|', '|').split(' ');
}

describe('over TLS, as a user who may do no more than is needed', () => {
  it('looks, compares and promotes', async (context) => {
    needServer(context, 'redis7');
    const a = await startTls(use);
    const b = await startTls(use, a.tlsPort);
    await linkUp(b.server);
    const user = ['on', '>pw', '-@all'];
    for (const { server } of [a, b]) {
      await server.cli('ACL', 'SETUSER', 'looks', ...user, ...rightsFor('looks'));
      await server.cli('ACL', 'SETUSER', 'reads', ...user, ...rightsFor('verify'));
      await server.cli('ACL', 'SETUSER', 'changes', ...user, ...rightsFor('changes'));
    }
    await a.server.cli('RPUSH', 'list', 1, 2, 3);
    await waitForSync(a.server, b.server);
    const cwd = await use.tempDir();
    const at = `127.0.0.1:${b.tlsPort}`;
    const { ca, cert, key } = tlsFiles;
    const as = (name: string, ...args: string[]) => {
      const env = { REPL_USER: name, REPL_PASSWORD: 'pw', REPL_TLS_CA: ca };
      return runRepl([...args, '--cert', cert, '--key', key], { cwd, env });
    };
    const well = { code: 0, stderr: '' };
    expect(await as('looks', 'check', at)).toMatchObject(well);
    expect(await as('looks', 'lag', at)).toMatchObject(well);
    const unable = await as('looks', 'verify', at);
    expect(unable).toMatchObject({ code: 1, stdout: expect.stringContaining('ACL SETUSER') });
    expect(await as('reads', 'verify', at)).toMatchObject(well);
    const promoted = await as('changes', 'promote', at, '--yes');
    expect(promoted).toMatchObject(well);
    expect(promoted.stdout).toMatch(/permissions +yes[^]*lost writes: none, full resyncs: 0/);
    expect([await a.server.info('role'), await b.server.info('role')]).toEqual(['slave', 'master']);
    expect(await as('looks', 'check', at)).toMatchObject(well);
    // Nothing was tried and refused that the README does not count: only what is done without.
    expect(await b.server.cli('ACL', 'LOG')).not.toContain('changes');
  });
});

describe('over Unix sockets', () => {
  it('looks, compares and promotes', async (context) => {
    needServer(context, 'redis7');
    const dir = await use.tempDir();
    const socket = (name: string): string => join(dir, `${name}.sock`);
    const start = (name: string, more = '') =>
      use.server('redis7', { conf: `unixsocket ${socket(name)}\n${more}`, args: soundArgs });
    const a = await start('a');
    const b = await start('b', `replicaof 127.0.0.1 ${a.port}\n`);
    await linkUp(b);
    await a.cli('SET', 'k', 'v');
    await waitForSync(a, b);
    const well = { code: 0, stderr: '' };
    const run = (...args: string[]) => runRepl(args, { cwd: dir });
    expect(await run('check', socket('b'))).toMatchObject(well);
    expect(await run('lag', socket('a'), socket('b'))).toMatchObject(well);
    expect(await run('verify', socket('a'), socket('b'))).toMatchObject(well);
    expect(await run('promote', socket('b'), '--yes')).toMatchObject(well);
    expect([await a.info('role'), await b.info('role')]).toEqual(['slave', 'master']);
    expect(await run('reparent', socket('a'), '--to', socket('b'), '--dry-run')).toMatchObject(
      well,
    );
  });
});
