/** `daemonize yes`: the terminal gets its prompt back when the daemon serves, or the reason why not. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bundledServerCommand } from '../support/bundled-server.ts';
import { freePort } from '../support/free-port.ts';
import { useResources } from '../support/resources.ts';
import { waitFor } from '../support/wait-for.ts';

const use = useResources();

interface Daemon {
  dir: string;
  port: number;
  args: string[];
  pid(): number;
}

describe('daemonize yes', () => {
  test('returns when the daemon is ready, and the daemon lives on', async () => {
    const daemon = await newDaemon();
    const started = await runStarter(daemon.args);
    expect(started).toEqual({ code: 0, output: '' });
    // No waiting: when the starter returns, the daemon serves.
    const client = await use.client({ port: daemon.port, password: 'secret' });
    expect(await client.command('PING')).toBe('PONG');
    expect(daemon.pid()).not.toBe(started.pid);
    expect(readFileSync(join(daemon.dir, 'd.log'), 'utf8')).toContain('Ready to accept');

    const argv = readFileSync(`/proc/${daemon.pid()}/cmdline`, 'utf8').split('\0');
    expect(argv.slice(argv.indexOf('--port'), -1)).toEqual(daemon.args);
    expect(readFileSync(`/proc/${daemon.pid()}/environ`, 'utf8')).not.toContain('secret');

    process.kill(daemon.pid(), 'SIGTERM');
    await waitFor(() => !existsSync(join(daemon.dir, 'd.pid')), { what: 'the pidfile to go' });
  });

  test('configuration from standard input reaches it', async () => {
    const daemon = await newDaemon();
    const conf = `requirepass other\nmaxclients 44\n# ${'long '.repeat(30_000)}\n`;
    expect(await runStarter(['-', ...daemon.args.slice(0, -2)], conf)).toMatchObject({ code: 0 });
    const client = await use.client({ port: daemon.port, password: 'other' });
    expect(await client.command('CONFIG', 'GET', 'maxclients')).toEqual(['maxclients', '44']);
  });

  test('a port that is taken', async () => {
    const daemon = await newDaemon();
    const taken = createServer();
    use.defer(() => taken.close());
    await new Promise<void>((resolve) => {
      taken.listen(daemon.port, '127.0.0.1', resolve);
    });
    expect(await runStarter(daemon.args)).toEqual({
      code: 1,
      output: `Could not listen on 127.0.0.1:${daemon.port}: Address already in use\n`,
    });
    expect(existsSync(join(daemon.dir, 'd.pid'))).toBe(false);
  });

  test('a damaged data file', async () => {
    const daemon = await newDaemon();
    writeFileSync(join(daemon.dir, 'dump.rdb'), 'no RDB');
    const { code, output } = await runStarter(daemon.args);
    expect(code).toBe(1);
    expect(output).toMatch(/^The data file .*dump\.rdb is damaged: .*\n$/);
    expect(existsSync(join(daemon.dir, 'd.pid'))).toBe(false);
  });

  test('a log file that cannot be written, and a wrong line', async () => {
    const daemon = await newDaemon();
    const log = await runStarter([...daemon.args, '--logfile', '/not/there.log']);
    expect(log.code).toBe(1);
    expect(log.output).toContain("Can't open the log file '/not/there.log'");
    const line = await runStarter([...daemon.args, '--wrong', '1']);
    expect(line.code).toBe(1);
    expect(line.output).toContain('*** FATAL CONFIG FILE ERROR');
  });
});

async function newDaemon(): Promise<Daemon> {
  const dir = await use.tempDir();
  const port = await freePort();
  const args = [
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''],
    ['--daemonize', 'yes', '--pidfile', 'd.pid', '--logfile', 'd.log', '--requirepass', 'secret'],
  ].flat();
  const pid = (): number => Number(readFileSync(join(dir, 'd.pid'), 'utf8'));
  use.defer(() => {
    if (existsSync(join(dir, 'd.pid'))) process.kill(pid(), 'SIGKILL');
  });
  return { dir, port, args, pid };
}

/** Runs until the command returns and its output is closed, as `$(repl-server …)` waits for. */
async function runStarter(
  args: readonly string[],
  stdin = '',
): Promise<{ code: number | null; output: string; pid?: number }> {
  const [node, ...first] = bundledServerCommand();
  const child = spawn(node, [...first, ...args]);
  use.defer(() => child.kill('SIGKILL'));
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const result = { code, output };
  // Only compared, never part of an expectation of the whole.
  Object.defineProperty(result, 'pid', { value: child.pid, enumerable: false });
  return result;
}
