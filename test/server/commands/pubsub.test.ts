/** Pub/Sub: its answers, what becomes of subscribers, and messages down the replication stream. */
import { expect, test } from 'vitest';
import { waitForSync } from '../../support/digest.ts';
import { encodeCommand, type RespClient } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { testTranscript } from '../../support/transcripts.ts';
import { waitFor } from '../../support/wait-for.ts';

testTranscript(new URL('../../transcripts/commands/pubsub.txt', import.meta.url));

const use = useResources();

test('CLIENT LIST counts subscriptions, KILL TYPE pubsub finds subscribers', async () => {
  const server = await use.server('bundled');
  const [me, other] = [await server.connect(), await server.connect({ protocol: 3 })];
  await push(other, 'SUBSCRIBE', 'a');
  await push(other, 'PSUBSCRIBE', 'b');
  await push(other, 'SSUBSCRIBE', 'c');
  const list = await me.must('CLIENT', 'LIST', 'TYPE', 'pubsub');
  expect(list).toContain(' flags=P db=0 sub=1 psub=1 ssub=1 ');
  expect(await server.info('pubsub_channels')).toBe('1');
  expect(await server.info('pubsubshard_channels')).toBe('1');
  expect(await me.must('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBe(1);
  await waitFor(() => other.ended, { what: 'the subscriber to be closed' });
  expect(await me.must('PUBSUB', 'NUMPAT')).toBe(0);
  expect(await me.must('PUBLISH', 'a', 'x')).toBe(0);
});

test('a message reaches the subscribers of the replicas', async () => {
  const master = await use.server('bundled');
  const replica = await use.server('bundled', {
    args: ['--replicaof', '127.0.0.1', String(master.port)],
  });
  await waitForSync(master, replica);
  const subscriber = await replica.connect({ protocol: 3 });
  await push(subscriber, 'SUBSCRIBE', 'a');
  await push(subscriber, 'SSUBSCRIBE', 'a');
  const offset = await master.info('master_repl_offset');
  const publisher = await master.connect();
  expect(await publisher.must('PUBLISH', 'a', 'm')).toBe(0);
  expect(await subscriber.readPush()).toEqual(['message', 'a', 'm']);
  await publisher.pipeline([['MULTI'], ['SPUBLISH', 'a', 's'], ['SET', 'k', 'v'], ['EXEC']]);
  expect(await subscriber.readPush()).toEqual(['smessage', 'a', 's']);
  expect(Number(await master.info('master_repl_offset'))).toBeGreaterThan(Number(offset));
  // A replica's own subscribers hear of it, and nobody else.
  expect(await replica.cli('PUBLISH', 'a', 'local')).toBe('1');
  expect(await subscriber.readPush()).toEqual(['message', 'a', 'local']);
  expect(await replica.info('master_link_status')).toBe('up');
});

test('messages of one turn arrive in order, among the replies where they belong', async () => {
  const server = await use.server('bundled');
  const client = await server.connect({ protocol: 3 });
  await push(client, 'SUBSCRIBE', 'a');
  client.sendRaw(
    Buffer.concat([['PUBLISH', 'a', '1'], ['PING'], ['PUBLISH', 'a', '2']].map(encodeCommand)),
  );
  const replies = await client.readFrames(5);
  expect(replies.toString()).toBe(`${message('1')}:1\r\n+PONG\r\n${message('2')}:1\r\n`);
});

test('CLIENT REPLY silences replies, and no messages', async () => {
  const server = await use.server('bundled');
  for (const protocol of [2, 3] as const) {
    const client = await server.connect({ protocol });
    const type = protocol === 2 ? '*' : '>';
    const confirmed = (verb: string, name: string, count: number): string =>
      `${type}3\r\n$${verb.length}\r\n${verb}\r\n$${name.length}\r\n${name}\r\n:${count}\r\n`;
    client.send('CLIENT', 'REPLY', 'SKIP');
    const first = await client.exchange(encodeCommand(['SUBSCRIBE', 'a', 'b']), 2);
    expect(String(first)).toBe(confirmed('subscribe', 'a', 1) + confirmed('subscribe', 'b', 2));
    client.send('UNSUBSCRIBE');
    await client.readFrames(2);
    client.send('CLIENT', 'REPLY', 'OFF');
    client.send('PING');
    const next = await client.exchange(encodeCommand(['PSUBSCRIBE', 'x']));
    expect(String(next)).toBe(confirmed('psubscribe', 'x', 1));
    await server.cli('PUBLISH', 'x', 'm');
    const got = String(await client.readFrames(1));
    expect(got).toBe(`${type}4\r\n$8\r\npmessage\r\n$1\r\nx\r\n$1\r\nx\r\n$1\r\nm\r\n`);
    client.close();
  }
});

/** Subscribes, in RESP3. */
async function push(client: RespClient, ...words: string[]): Promise<void> {
  client.send(...words);
  await client.readPush();
}

function message(text: string): string {
  return `>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$${text.length}\r\n${text}\r\n`;
}
