/**
 * Keyspace events: which ones commands cause, and in which order. Random requests are sent to our
 * server and to redis-server, and what a listener hears of them is compared.
 * `FUZZ_SEED=n` replays a run, `FUZZ_REQUESTS=n` sets its length.
 */
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/util/random.ts';
import { waitForSync } from '../../support/digest.ts';
import { randomRequests, type RandomRequest } from '../../support/random-requests.ts';
import { encodeCommand, type RespClient } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/keyspace-events.txt', import.meta.url));

const use = useResources();
const requestCount = Number(process.env.FUZZ_REQUESTS ?? 3000);
const requestsPerBatch = 20;
/** Two compressors need not find the same matches, and DUMP shows what they find. */
const options = { args: ['--rdbcompression', 'no', '--notify-keyspace-events', 'KEAmn'] };
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));

test(`random requests cause the events of redis-server (FUZZ_SEED=${seed})`, async (context) => {
  needServer(context, 'redis7');
  const sides = await Promise.all([sideOf('redis7'), sideOf('bundled')]);
  const requests = randomRequests(seededRandom(seed), { collections: true });
  for (let count = 0; count < requestCount; count += requestsPerBatch) {
    const batch = Array.from({ length: requestsPerBatch }, () => requests.next());
    const [theirs, ours] = await Promise.all(sides.map((side) => eventsOf(side, batch)));
    const shown = batch.map((request) => JSON.stringify(request).slice(0, 200)).join('\n');
    expect(ours, `FUZZ_SEED=${seed}, from request ${count}:\n${shown}`).toEqual(theirs);
  }
});

interface Side {
  readonly client: RespClient;
  readonly listener: RespClient;
}

async function sideOf(kind: 'redis7' | 'bundled'): Promise<Side> {
  const server = await use.server(kind, options);
  const [client, listener] = [await server.connect(), await server.connect()];
  // A key past its time stays until a request meets it.
  await client.must('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  await listener.must('PSUBSCRIBE', '__key*');
  return { client, listener };
}

/** Channel and message of each event that a batch causes, as latin1 text. */
async function eventsOf(side: Side, batch: readonly RandomRequest[]): Promise<string[]> {
  const end = '__key: the end of the batch';
  const words = [...batch, ['DISCARD'], ['PUBLISH', end, '']];
  side.client.sendRaw(Buffer.concat(words.map((each) => encodeCommand(each.map(latin1)))));
  const bytes = await side.listener.readRawUntil(`${end}\r\n$0\r\n\r\n`);
  return bytes.toString('latin1').split('*4\r\n$8\r\npmessage\r\n$6\r\n__key*\r\n');
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

test('a replica publishes the events of what its master does', async () => {
  const master = await use.server('bundled');
  const replica = await use.server('bundled', {
    args: ['--notify-keyspace-events', 'EA', '--replicaof', '127.0.0.1', String(master.port)],
  });
  await waitForSync(master, replica);
  const listener = await replica.connect();
  await listener.must('PSUBSCRIBE', '*');
  await master.cli('SET', 'k', 'v', 'PX', 5);
  const next = (): Promise<unknown> => listener.read();
  expect(await next()).toEqual(['pmessage', '*', '__keyevent@0__:set', 'k']);
  expect(await next()).toEqual(['pmessage', '*', '__keyevent@0__:expire', 'k']);
  // The master's DEL: a replica does not expire keys itself.
  expect(await next()).toEqual(['pmessage', '*', '__keyevent@0__:del', 'k']);
});

test('active expiry and CONFIG SET', async () => {
  const server = await use.server('bundled');
  const [client, listener] = [await server.connect(), await server.connect()];
  await listener.must('PSUBSCRIBE', '*');
  await client.must('SET', 'unheard', 'v');
  await client.must('CONFIG', 'SET', 'notify-keyspace-events', 'Kx');
  await client.must('SET', 'k', 'v', 'PX', 1);
  expect(await listener.read()).toEqual(['pmessage', '*', '__keyspace@0__:k', 'expired']);
});
