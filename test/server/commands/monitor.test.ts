/** MONITOR, and going down on command. */
import { describe, expect, test } from 'vitest';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import type { TestServer } from '../../support/server-process.ts';
import { waitFor } from '../../support/wait-for.ts';

const use = useResources();

describe('MONITOR', () => {
  test('shows what redis-server shows: commands as they end, without secrets', async (context) => {
    needServer(context, 'redis7');
    const [theirs, ours] = [
      await linesOf(await use.server('redis7')),
      await linesOf(await use.server('bundled')),
    ];
    expect(ours).toEqual(theirs);
    expect(ours).toContain('[2 someone] "SET" "k" "a \\"b\\"\\r\\n\\\\\\xff"');
    expect(ours).toContain('[2 someone] "auth" "(redacted)" "(redacted)"');
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

const requests: readonly (readonly string[])[] = [
  ['SELECT', '2'],
  ['SET', 'k', 'a "b"\r\n\\\xff'],
  ['CONFIG', 'GET', 'port'],
  ['GET'],
  ['nosuch', 'command'],
  ['multi'],
  ['SELECT', '1'],
  ['GET', 'k'],
  ['EXEC'],
  ['MULTI'],
  ['GET', 'never shown'],
  ['SET', 'k'],
  ['EXEC'],
  ['MULTI'],
  ['GET', 'never shown'],
  ['DISCARD'],
  ['SELECT', '2'],
  ['auth', 'user', 'password'],
  ['AUTH', 'password'],
  ['HELLO', '2', 'AUTH', 'default', 'secret', 'SETNAME', 'me'],
  ['PUBLISH', 'channel', 'message'],
  ['RESET'],
  ['PING'],
];

/** What MONITOR shows of the requests, without times and addresses. */
async function linesOf(server: TestServer): Promise<string[]> {
  const [monitor, other] = await Promise.all([server.connect(), server.connect()]);
  await monitor.must('MONITOR');
  await other.pipeline(requests.map((words) => words.map((word) => Buffer.from(word, 'latin1'))));
  const text = String(await monitor.readRawUntil('"PING"\r\n'));
  return text
    .split('\r\n')
    .map((line) =>
      line.replace(/^\+\d+\.\d{6} /, '').replace(`127.0.0.1:${other.localPort}`, 'someone'),
    );
}

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
