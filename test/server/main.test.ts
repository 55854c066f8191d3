/** The bundled server as a process in the foreground: start, refusals, files, signals. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bundledServerCommand, runBundledServer } from '../support/bundled-server.ts';
import { freePort } from '../support/free-port.ts';
import { connectResp } from '../support/resp-client.ts';
import { useResources } from '../support/resources.ts';
import { waitFor } from '../support/wait-for.ts';

const use = useResources();

describe('the command line', () => {
  test('--version and --help', async () => {
    const version = await runBundledServer({ args: ['--version'] });
    expect(version.code).toBe(0);
    expect(version.output).toMatch(/^repl-server v=\d+\.\d+\.\d+ redis=7\.0\.15 node=v\d+/);
    const help = await runBundledServer({ args: ['-h'] });
    expect(help.code).toBe(0);
    expect(help.output).toMatch(/^Usage: repl-server \[redis\.conf\]/);
  });

  test('a wrong line is quoted with its file and number', async () => {
    const { code, output } = await runBundledServer({ conf: 'port 0\n\nno-such-directive 1\n' });
    expect(code).toBe(1);
    expect(output).toMatch(
      new RegExp(
        [
          '^\\n\\*\\*\\* FATAL CONFIG FILE ERROR \\(Redis 7\\.0\\.15\\) \\*\\*\\*',
          'Reading the configuration file, at line 3',
          ">>> 'no-such-directive 1'",
          'Bad directive or wrong number of arguments',
          '\\(.*/server\\.conf, line 3\\)\\n',
        ].join('\\n'),
      ),
    );
  });

  test('what this server cannot do is refused in a sentence', async () => {
    const cluster = await runBundledServer({ args: ['--cluster-enabled', 'yes'] });
    expect(cluster.code).toBe(1);
    const sentinel = await runBundledServer({ args: ['x.conf', '--sentinel'] });
    expect(sentinel.output).toContain('use redis-sentinel');
  });

  test('files and directories that are not there', async () => {
    const file = await runBundledServer({ args: ['/not/there.conf'] });
    expect([file.code, file.output]).toEqual([
      1,
      "Fatal error, can't open config file '/not/there.conf': No such file or directory\n",
    ]);
    const dir = await runBundledServer({ args: ['--dir', '/not/there'] });
    expect(dir.code).toBe(1);
    expect(dir.output).toContain('No such file or directory');
    const log = await runBundledServer({ args: ['--logfile', '/not/there.log', '--port', '0'] });
    expect(log.code).toBe(1);
    expect(log.output).toBe(
      "Can't open the log file '/not/there.log': No such file or directory\n",
    );
  });

  test('nowhere to listen', async () => {
    const { code, output } = await runBundledServer({ args: ['--port', '0'] });
    expect(code).toBe(1);
    expect(output).toContain('Configured to not listen anywhere');
  });

  test('configuration from standard input', async () => {
    const port = await freePort();
    const dir = await use.tempDir();
    const [node, ...args] = bundledServerCommand();
    const child = spawn(node, [...args, '-', '--maxclients', '55'], { cwd: dir });
    use.defer(() => child.kill('SIGKILL'));
    child.stdin.end(`port ${port}\nbind 127.0.0.1\nsave ""\nmaxclients 44\n`);
    const client = await waitFor(() => connectResp({ port }));
    await use.add(client);
    expect(await client.command('CONFIG', 'GET', 'maxclients')).toEqual(['maxclients', '55']);
  });
});

test('a port that is taken ends the start with the reason', async () => {
  const taken = createServer();
  use.defer(() => taken.close());
  await new Promise<void>((resolve) => {
    taken.listen(0, '127.0.0.1', resolve);
  });
  const address = taken.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  const dir = await use.tempDir();
  const args = ['--port', port, '--bind', '127.0.0.1', '--dir', dir, '--pidfile', 'a.pid'];
  const shown = await runBundledServer({ args });
  expect(shown.code).toBe(1);
  expect(shown.output).toContain(`Could not listen on 127.0.0.1:${port}: Address already in use`);
  // Where the log is a file, the terminal still says why.
  const logged = await runBundledServer({ args: [...args, '--logfile', 'a.log'] });
  expect([logged.code, logged.output]).toEqual([
    1,
    `Could not listen on 127.0.0.1:${port}: Address already in use\n`,
  ]);
  expect(readFileSync(join(dir, 'a.log'), 'utf8')).toContain('Address already in use');
  expect(existsSync(join(dir, 'a.pid'))).toBe(false);
});

describe('files', () => {
  test('pidfile and logfile lie in dir; the log may be moved away', async () => {
    const args = ['--pidfile', 'a.pid', '--logfile', 'a.log', '--loglevel', 'verbose'];
    const { server, dir } = await startLogged(args);
    expect(readFileSync(join(dir, 'a.pid'), 'utf8')).toBe(`${server.pid}\n`);
    const log = join(dir, 'a.log');
    expect(readFileSync(log, 'utf8')).toMatch(
      new RegExp(`^${server.pid}:M \\d\\d \\w{3} \\d{4} [\\d:.]{12} \\* Ready to accept`, 'm'),
    );
    await rename(log, join(dir, 'a.log.1'));
    const exit = new Promise((resolve) => {
      server.once('exit', resolve);
    });
    server.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(readFileSync(log, 'utf8')).toContain('bye bye');
    expect(readFileSync(join(dir, 'a.log.1'), 'utf8')).not.toContain('bye bye');
    expect(existsSync(join(dir, 'a.pid'))).toBe(false);
  });

  test('a pidfile that cannot be written is no reason not to serve', async () => {
    const server = await use.server('bundled', { args: ['--pidfile', '/not/there.pid'] });
    expect(await server.cli('PING')).toBe('PONG');
    expect(server.log()).toContain('Failed to write PID file /not/there.pid');
  });

  test('the log survives a full disk or a directory that goes away', async () => {
    const { server, dir, port } = await startLogged(['--logfile', 'logs/a.log']);
    await rm(join(dir, 'logs'), { recursive: true });
    const client = await use.client({ port });
    expect(await client.command('SAVE')).toBe('OK');
    expect(server.exitCode).toBe(null);
  });

  test('whoever reads the log on standard output may go away', async () => {
    const port = await freePort();
    const dir = await use.tempDir();
    const [node, ...args] = bundledServerCommand();
    const options = ['--port', String(port), '--dir', dir, '--loglevel', 'debug'];
    const child = spawn(node, [...args, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
    use.defer(() => child.kill('SIGKILL'));
    child.stdout.destroy();
    const client = await waitFor(() => connectResp({ port }));
    await use.add(client);
    expect(await client.pipeline([['SAVE'], ['SAVE'], ['PING']])).toEqual(['OK', 'OK', 'PONG']);
    expect(await client.command('BGSAVE')).toBe('Background saving started');
    expect(await client.command('PING')).toBe('PONG');
  });

  test('the data file is for its owner alone; a damaged one stops the start', async () => {
    const server = await use.server('bundled');
    await server.cli('SET', 'k', 'v');
    await server.cli('SAVE');
    const file = join(server.dir, 'dump.rdb');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await server.stop();
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(file, bytes);
    await expect(server.restart()).rejects.toThrow(
      /dump\.rdb is damaged: .*checksum.*move the file/,
    );
  });

  test('the data survive a restart, and half a file of a crashed process goes', async () => {
    const server = await use.server('bundled');
    await server.cli('SET', 'k', 'v', 'PX', 100_000_000);
    await server.cli('SET', 'gone', 'v', 'PX', 1);
    await server.cli('SAVE');
    await server.kill9();
    writeFileSync(join(server.dir, `temp-${server.pid}.1-dump.rdb`), 'half');
    await server.restart();
    expect(await server.cli('MGET', 'k', 'gone')).toBe('v\n');
    expect(Number(await server.cli('PTTL', 'k'))).toBeGreaterThan(90_000_000);
    expect(existsSync(join(server.dir, `temp-${server.pid}.1-dump.rdb`))).toBe(false);
  });
});

/** Started by hand, because its log goes into a file. */
async function startLogged(
  args: readonly string[],
): Promise<{ server: ReturnType<typeof spawn>; dir: string; port: number }> {
  const dir = await use.tempDir();
  const port = await freePort();
  const [node, ...first] = bundledServerCommand();
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''];
  mkdirSync(join(dir, 'logs'));
  const server = spawn(node, [...first, ...options, ...args], { stdio: 'inherit' });
  use.defer(() => server.kill('SIGKILL'));
  // The port is open before the rest is ready: an answer comes when everything is.
  const client = await waitFor(() => connectResp({ port }));
  await client.command('PING');
  client.close();
  return { server, dir, port };
}
