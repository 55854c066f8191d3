/** MONITOR, and going down on command. */
import { describe, expect, test } from 'vitest';
import { useResources } from '../../support/resources.ts';
import { waitFor } from '../../support/wait-for.ts';

const use = useResources();

describe('MONITOR', () => {
  test('shows what others do, quoted, but not the commands of administrators', async () => {
    const server = await use.server('bundled');
    const [monitor, other] = await Promise.all([server.connect(), server.connect()]);
    expect(await monitor.must('MONITOR')).toBe('OK');
    await other.pipeline([
      ['SELECT', 2],
      ['SET', 'k', 'a "b"\r\n\\\xff'],
      ['CONFIG', 'GET', 'port'],
      ['GET', 'k'],
    ]);
    const lines = [await monitor.read(), await monitor.read(), await monitor.read()];
    const address = `127.0.0.1:${other.localPort}`;
    expect(lines.map((line) => (line as string).replace(/^\d+\.\d{6} /, ''))).toEqual([
      `[0 ${address}] "SELECT" "2"`,
      `[2 ${address}] "SET" "k" "a \\"b\\"\\r\\n\\\\\\xff"`,
      `[2 ${address}] "GET" "k"`,
    ]);
  });

  test('ends with RESET', async () => {
    const server = await use.server('bundled');
    const [monitor, other] = await Promise.all([server.connect(), server.connect()]);
    await monitor.must('MONITOR');
    monitor.send('RESET');
    await waitFor(async () => (await monitor.read()) === 'RESET', { what: 'the reply of RESET' });
    await other.must('GET', 'k');
    expect(await monitor.must('PING')).toBe('PONG');
  });
});

describe('SHUTDOWN', () => {
  test('NOSAVE ends the server without an answer and without a file', async () => {
    const server = await use.server('bundled', { args: ['--save', '1 1'] });
    const client = await server.connect();
    await client.must('SET', 'k', 'v');
    client.send('SHUTDOWN', 'NOSAVE');
    expect((await client.readToEnd()).toString()).toBe('');
    await waitFor(() => !server.running, { what: 'the server to end' });
    await server.restart();
    expect(await server.cli('DBSIZE')).toBe('0');
  });

  test('SAVE saves although no save points are set', async () => {
    const server = await use.server('bundled');
    const client = await server.connect();
    await client.must('SET', 'k', 'v');
    client.send('SHUTDOWN', 'SAVE');
    await waitFor(() => !server.running, { what: 'the server to end' });
    await server.restart();
    expect(await server.cli('GET', 'k')).toBe('v');
  });

  test('that cannot save goes on, and says so', async () => {
    const server = await use.server('bundled', { args: ['--enable-protected-configs', 'yes'] });
    const client = await server.connect();
    await client.must('SET', 'k', 'v');
    await client.must('CONFIG', 'SET', 'dir', '/proc');
    expect(await client.command('SHUTDOWN', 'SAVE')).toEqual({
      error: 'ERR Errors trying to SHUTDOWN. Check logs.',
    });
    expect(await client.must('GET', 'k')).toBe('v');
  });
});
