/**
 * Random requests to our server and to redis-server, one at a time: every reply must be the same to
 * the byte, and so must the data in the end. `FUZZ_SEED=n` replays a run, `FUZZ_REQUESTS=n` sets
 * its length.
 */
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/util/random.ts';
import { expectSameAnswers } from '../../support/compare-answers.ts';
import { digestOf } from '../../support/digest.ts';
import { randomRequests } from '../../support/random-requests.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';

const use = useResources();
const requestCount = Number(process.env.FUZZ_REQUESTS ?? 3000);
/** Two compressors need not find the same matches, and DUMP shows what they find. */
const options = { args: ['--rdbcompression', 'no'] };
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));

const cases = [2, 3].flatMap((protocol) =>
  [false, true].map((collections) => ({ protocol: protocol as 2 | 3, collections })),
);

for (const { protocol, collections } of cases) {
  const on = collections ? 'on all types' : 'on strings';
  test(`random requests ${on} are answered as redis-server does, in RESP${protocol} (FUZZ_SEED=${seed})`, async (context) => {
    needServer(context, 'redis7');
    const servers = await Promise.all([
      use.server('redis7', options),
      use.server('bundled', options),
    ]);
    const clients = await Promise.all(servers.map((server) => server.connect({ protocol })));
    // A key past its time stays until a request meets it.
    for (const client of clients) await client.must('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
    const requests = randomRequests(seededRandom(seed + protocol), { collections });
    await expectSameAnswers(clients, requests, { count: requestCount, run: `FUZZ_SEED=${seed}` });
    const [theirs, ours] = await Promise.all(servers.map(digestOf));
    expect(ours, `FUZZ_SEED=${seed}, the digest in the end`).toBe(theirs);
  });
}
