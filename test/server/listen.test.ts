/** Where the server listens, and whom it lets in. */
import { existsSync, statSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runBundledServer } from '../support/bundled-server.ts';
import { freePort } from '../support/free-port.ts';
import { connectResp } from '../support/resp-client.ts';
import { useResources } from '../support/resources.ts';
import { waitFor } from '../support/wait-for.ts';

const use = useResources();
const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((one) => one?.address === '::1');

describe('bind', () => {
  test('several addresses, those with a minus may be missing', async () => {
    const args = ['--bind', '127.0.0.1 127.0.0.2 -10.255.255.254'];
    const server = await use.server('bundled', { args });
    for (const host of ['127.0.0.1', '127.0.0.2']) {
      const client = await use.client({ port: server.port, host });
      expect(await client.command('PING')).toBe('PONG');
    }
    await expect(connectResp({ port: server.port, host: '127.0.0.3' })).rejects.toThrow(/REFUSED/);
  });

  test('one that is missing without a minus ends the start', async () => {
    const port = String(await freePort());
    const args = ['--port', port, '--bind', '127.0.0.1 10.255.255.254'];
    const { code, output } = await runBundledServer({ args });
    expect(code).toBe(1);
    expect(output).toMatch(/Could not listen on 10\.255\.255\.254:\d+: /);
  });

  test('all addresses, IPv4 and IPv6 apart', async (context) => {
    if (!hasIpv6) context.skip('no IPv6');
    const server = await use.server('bundled', { args: ['--bind', '* -::*'] });
    const six = await use.client({ port: server.port, host: '::1' });
    expect(await six.command('CLIENT', 'INFO')).toMatch(/ addr=\[::1\]:\d+ laddr=\[::1\]:\d+ /);
    const four = await use.client({ port: server.port });
    expect(await four.command('CLIENT', 'INFO')).toMatch(/ addr=127\.0\.0\.1:\d+ /);
  });
});

describe('CONFIG SET', () => {
  test('port: the old one is closed, who is connected stays', async () => {
    const server = await use.server('bundled');
    const client = await use.client(server);
    const port = await freePort();
    expect(await client.command('CONFIG', 'SET', 'port', port)).toBe('OK');
    const other = await use.client({ port });
    expect(await other.command('CONFIG', 'GET', 'port')).toEqual(['port', String(port)]);
    await expect(connectResp({ port: server.port })).rejects.toThrow(/REFUSED/);
    expect(await client.command('PING')).toBe('PONG');
  });

  test('a port that is taken: nothing of the request takes effect', async () => {
    const [server, neighbour] = [await use.server('bundled'), await use.server('bundled')];
    const client = await use.client(server);
    const set = ['CONFIG', 'SET', 'maxmemory', 10_000_001, 'port', neighbour.port] as const;
    expect(await client.command(...set)).toEqual({
      error:
        "ERR CONFIG SET failed (possibly related to argument 'port') - " +
        'Unable to listen on this port. Check server logs.',
    });
    expect(await client.command('CONFIG', 'GET', 'maxmemory', 'port')).toEqual(
      expect.arrayContaining(['maxmemory', '0', 'port', String(server.port)]),
    );
    expect(await (await use.client(server)).command('PING')).toBe('PONG');
  });

  test('bind: other addresses, none, and those that are not here', async () => {
    const server = await use.server('bundled');
    const client = await use.client(server);
    const at = (host: string): { port: number; host: string } => ({ port: server.port, host });
    expect(await client.command('CONFIG', 'SET', 'bind', '127.0.0.2 -10.255.255.254')).toBe('OK');
    await use.client(at('127.0.0.2'));
    await expect(connectResp(at('127.0.0.1'))).rejects.toThrow(/REFUSED/);
    expect(await client.command('CONFIG', 'SET', 'bind', '999.999.999.999')).toEqual({
      error:
        "ERR CONFIG SET failed (possibly related to argument 'bind') - " +
        'Failed to bind to specified addresses.',
    });
    await use.client(at('127.0.0.2'));
    expect(await client.command('CONFIG', 'SET', 'bind', '')).toBe('OK');
    await expect(connectResp(at('127.0.0.2'))).rejects.toThrow(/REFUSED/);
    expect(await client.command('CONFIG', 'SET', 'bind', '127.0.0.1')).toBe('OK');
    await use.client(at('127.0.0.1'));
  });

  test('not in a transaction, which cannot wait', async () => {
    const client = await use.client(await use.server('bundled'));
    await client.command('MULTI');
    await client.command('CONFIG', 'SET', 'bind', '127.0.0.2');
    const [reply] = (await client.command('EXEC')) as { error: string }[];
    expect(reply.error).toContain('cannot be done here');
    expect(await client.command('CONFIG', 'GET', 'bind')).toEqual(['bind', '127.0.0.1']);
  });
});

describe('the Unix socket', () => {
  test('serves beside TCP with the mode asked for, and goes with the server', async () => {
    const args = ['--unixsocket', 's.sock', '--unixsocketperm', '700'];
    const server = await use.server('bundled', { args });
    const path = join(server.dir, 's.sock');
    expect(statSync(path).mode & 0o777).toBe(0o700);
    const client = await use.client({ path });
    expect(await client.command('PING')).toBe('PONG');
    expect(await client.command('CLIENT', 'INFO')).toContain(`addr=${path}:0`);
    await server.stop();
    expect(existsSync(path)).toBe(false);
  });

  test('alone, with port 0', async () => {
    const dir = await use.tempDir();
    const path = join(dir, 's.sock');
    await use.server('bundled', { args: ['--port', '0', '--unixsocket', path] });
    const client = await use.client({ path });
    expect(await client.command('PING')).toBe('PONG');
  });

  test('one that is left over from a crash is no obstacle', async () => {
    const server = await use.server('bundled', { args: ['--unixsocket', 's.sock'] });
    await server.kill9();
    expect(existsSync(join(server.dir, 's.sock'))).toBe(true);
    await server.restart();
    const client = await use.client({ path: join(server.dir, 's.sock') });
    expect(await client.command('PING')).toBe('PONG');
  });

  test('one that cannot be made ends the start', async () => {
    const args = ['--port', String(await freePort()), '--unixsocket', '/not/there.sock'];
    const { code, output } = await runBundledServer({ args });
    expect(code).toBe(1);
    expect(output).toContain('Could not open the Unix socket /not/there.sock: ');
  });
});

describe('whom it lets in', () => {
  test('protected mode refuses those from outside while there is no password', async (context) => {
    const outside =
      Object.values(networkInterfaces())
        .flat()
        .find((one) => one?.family === 'IPv4' && !one.internal)?.address ??
      context.skip('no network interface besides loopback');
    const server = await use.server('bundled', { args: ['--bind', '0.0.0.0'] });
    const stranger = await use.client({ port: server.port, host: outside });
    expect(String(await stranger.readToEnd())).toMatch(/^-DENIED .*\r\n$/);
    await server.cli('CONFIG', 'SET', 'requirepass', 'p');
    const known = await use.client({ port: server.port, host: outside, password: 'p' });
    expect(await known.command('PING')).toBe('PONG');
  });

  test('maxclients', async () => {
    const server = await use.server('bundled', { args: ['--maxclients', '2'] });
    const first = await use.client(server);
    await use.client(server);
    const third = await use.client(server);
    expect(String(await third.readToEnd())).toBe('-ERR max number of clients reached\r\n');
    expect(await first.command('INFO', 'stats')).toContain('rejected_connections:1\r\n');
    expect(await first.command('CONFIG', 'SET', 'maxclients', 3)).toBe('OK');
    const again = await use.client(server);
    expect(await again.command('PING')).toBe('PONG');
  });

  test('a password shuts everything but the door', async () => {
    const server = await use.server('bundled', { args: ['--requirepass', 'p'] });
    const client = await use.client(server);
    expect(await client.command('GET', 'k')).toEqual({ error: 'NOAUTH Authentication required.' });
    expect(await client.command('AUTH', 'wrong')).toEqual({
      error: 'WRONGPASS invalid username-password pair or user is disabled.',
    });
    expect(await client.command('AUTH', 'p')).toBe('OK');
    expect(await client.command('GET', 'k')).toBe(null);
    const other = await use.client(server);
    expect(await other.command('AUTH', 'default', 'p')).toBe('OK');
  });

  test('an idle client goes after timeout, a busy one and a monitor stay', async () => {
    const server = await use.server('bundled', { args: ['--timeout', '1'] });
    const monitor = await use.client(server);
    expect(await monitor.command('MONITOR')).toBe('OK');
    const idle = await use.client(server);
    const busy = await use.client(server);
    await waitFor(async () => (await busy.command('PING')) === 'PONG' && idle.ended);
    expect([busy.ended, monitor.ended]).toEqual([false, false]);
  });
});
