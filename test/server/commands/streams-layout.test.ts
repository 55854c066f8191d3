/**
 * Random entries added, deleted and trimmed in our server and in redis-server: the payloads of DUMP
 * must be the same to the byte, which holds only if every entry lies in the same node in the same
 * encoding. `FUZZ_SEED=n` replays a run, `FUZZ_REQUESTS=n` sets its length.
 */
import { expect, test } from 'vitest';
import { type Random, seededRandom } from '../../../src/util/random.ts';
import { encodeCommand, type RespClient } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';

const use = useResources();
const requestCount = Number(process.env.FUZZ_REQUESTS ?? 4000);
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));
const tooSmall = 'The ID specified in XADD is equal or smaller than the target stream top item';
/** Two compressors need not find the same matches. */
const options = { args: ['--rdbcompression', 'no', '--stream-node-max-bytes', '600'] };

test(`entries lie in nodes as in redis-server's (FUZZ_SEED=${seed})`, async (context) => {
  needServer(context, 'redis7');
  const servers = await Promise.all([
    use.server('redis7', options),
    use.server('bundled', options),
  ]);
  const clients = await Promise.all(servers.map((server) => server.connect()));
  const requests = layoutRequests(seededRandom(seed));
  for (let count = 0; count < requestCount; count += 20) {
    const batch = Array.from({ length: 19 }, requests);
    const [theirs, ours] = await Promise.all(
      clients.map((client) => ask(client, [...batch, ['DUMP', 's']])),
    );
    const shown = batch.map((request) => JSON.stringify(request).slice(0, 200)).join('\n');
    expect(ours, `FUZZ_SEED=${seed}, from request ${count}:\n${shown}`).toEqual(theirs);
  }
});

async function ask(client: RespClient, batch: readonly (readonly string[])[]): Promise<string[]> {
  client.sendRaw(Buffer.concat(batch.map(encodeCommand)));
  const replies: string[] = [];
  for (let left = batch.length; left > 0; left--) {
    const reply = (await client.exchange('')).toString('latin1');
    // Where no sequence is left Redis shows the error of whatever failed last in the process.
    replies.push(reply.replace('Elements are too large to be stored', tooSmall));
  }
  return replies;
}

/**
 * Makes one request after the other; ids grow, so that the latest lie close together. No entry is
 * longer than a node may be: Redis loses some that are, and stops at an assertion. [7.0.15]
 */
function layoutRequests(random: Random): () => string[] {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.float() * list.length)];
  let ms = 1_600_000_000_000;
  const recent = (): string => `${ms - Math.floor(random.float() * 200)}-${pick(['0', '1', '2'])}`;
  const seqs = ['*', '*', '0', '5', '4294967296', '18446744073709551615'];
  const makers: (() => string[])[] = [
    () => ['XDEL', 's', recent(), recent()],
    () => ['XTRIM', 's', pick(['MAXLEN', 'MINID']), pick(['=', '~']), pick(['40', recent()])],
    () => ['CONFIG', 'SET', 'stream-node-max-entries', pick(['0', '5', '20', '100'])],
    () => ['CONFIG', 'SET', 'stream-node-max-bytes', pick(['0', '600', '1000', '4096'])],
    () => ['XSETID', 's', `${ms}-18446744073709551615`],
  ];
  const add = (): string[] => {
    ms += pick([0, 1, 1, 2, 3000, pick([0, 2 ** 33])]);
    return ['XADD', 's', `${ms}-${pick(seqs)}`, ...pairs()];
  };
  const pairs = (): string[] =>
    pick([
      ['field', value()],
      ['field', value()],
      ['field', value(), 'other', value()],
      ['other', value()],
      ['12', value()],
    ]);
  const value = (): string =>
    pick(['v', '', '7', '-4097', '32768', '9223372036854775807', '0'.repeat(70), 'x'.repeat(200)]);
  return () => (random.float() < 0.7 ? add() : pick(makers)());
}
