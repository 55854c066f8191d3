/** SLOWLOG: what it keeps of which commands, against redis-server. */
import { expect, test } from 'vitest';
import type { RespValue } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import type { TestServer } from '../../support/server-process.ts';
import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/slowlog.txt', import.meta.url));

const use = useResources();

/** Every kind of thing that an entry may have to say differently from the request. */
const requests: readonly (readonly string[])[] = [
  ['slowlog', 'reset'],
  ['SET', 'k', 'x'.repeat(200)],
  ['SET', 'k', 'x'.repeat(128)],
  ['get', 'k'],
  ['MSET', ...Array.from({ length: 31 }, () => 'a'), 'b'],
  ['MGET', ...Array.from({ length: 31 }, (_, at) => `${at}`)],
  ['MGET', ...Array.from({ length: 40 }, (_, at) => `${at}`)],
  ['getset', 'k', '1'],
  ['INCRBYFLOAT', 'k', '1.0'],
  ['set', 'k', 'v', 'EX', '100'],
  ['AUTH', 'password'],
  ['auth', 'user', 'password'],
  ['AUTH', 'a', 'b', 'c'],
  ['HELLO', '2', 'AUTH', 'default', 'secret', 'SETNAME', 'me'],
  ['HELLO', '2', 'SETNAME', 'me'],
  ['config', 'set', 'masterauth', 'secret', 'maxmemory', '0'],
  ['CONFIG', 'SET', 'nosuch', 'x'],
  ['nosuch', 'command'],
  ['GET'],
  ['MULTI'],
  ['SET', 'k', '\x00\xff'],
  ['PING'],
  ['EXEC'],
  ['client', 'setname', 'other'],
  ['CLIENT', 'ID'],
  ['SLOWLOG', 'LEN'],
];

test('keeps the same commands with the same arguments', async (context) => {
  needServer(context, 'redis7');
  const logs = [await logOf(await use.server('redis7')), await logOf(await use.server('bundled'))];
  expect(logs[1]).toEqual(logs[0]);
  expect(logs[1].length).toBeGreaterThan(20);
});

/** Arguments and client name of all entries. */
async function logOf(server: TestServer): Promise<RespValue[][]> {
  const client = await server.connect();
  await client.must('CONFIG', 'SET', 'slowlog-log-slower-than', 0);
  await client.pipeline(requests.map((words) => words.map((word) => Buffer.from(word, 'latin1'))));
  const entries = (await client.must('SLOWLOG', 'GET', '-1')) as RespValue[][];
  return entries.map(([, , , args, , name]) => [args, name]);
}

test('numbers its entries, tells time and who asked, and keeps the latest', async () => {
  const server = await use.server('bundled', { args: ['--slowlog-max-len', '2'] });
  const client = await server.connect();
  await client.pipeline([
    ['CLIENT', 'SETNAME', 'me'],
    ['CONFIG', 'SET', 'slowlog-log-slower-than', 5000],
    ['DEBUG', 'SLEEP', '0.01'],
    ['DEBUG', 'SLEEP', '0.02'],
    ['PING'],
    ['DEBUG', 'SLEEP', '0.03'],
  ]);
  expect(await client.must('SLOWLOG', 'LEN')).toBe(2);
  const [[id, time, usec, args, address, name], before] = (await client.must(
    'SLOWLOG',
    'GET',
  )) as RespValue[][];
  expect([id, before[0]]).toEqual([2, 1]);
  expect(Math.abs(Number(time) - Date.now() / 1000)).toBeLessThan(10);
  expect(Number(usec)).toBeGreaterThanOrEqual(30_000);
  expect(args).toEqual(['DEBUG', 'SLEEP', '0.03']);
  expect(address).toBe(`127.0.0.1:${client.localPort}`);
  expect(name).toBe('me');
  await client.must('CONFIG', 'SET', 'slowlog-log-slower-than', -1);
  await client.must('SLOWLOG', 'RESET');
  await client.must('DEBUG', 'SLEEP', '0.01');
  expect(await client.must('SLOWLOG', 'LEN')).toBe(0);
});
