/**
 * Random requests on sorted sets to our server and to redis-server, with sorted sets as listpacks and
 * as indexes. `FUZZ_SEED=n` replays a run, `FUZZ_REQUESTS=n` sets its length.
 */
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/util/random.ts';
import { expectSameAnswers } from '../../support/compare-answers.ts';
import { randomZsetRequests } from '../../support/random-zsets.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';

const use = useResources();
const count = Number(process.env.FUZZ_REQUESTS ?? 3000);
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));

const forms = [
  { form: 'listpacks', protocol: 3, maxEntries: 128 },
  { form: 'indexes soon', protocol: 2, maxEntries: 5 },
  { form: 'indexes', protocol: 3, maxEntries: 0 },
] as const;

for (const { form, protocol, maxEntries } of forms) {
  test(`random requests on sorted sets, ${form}, are answered as redis-server does (FUZZ_SEED=${seed})`, async (context) => {
    needServer(context, 'redis7');
    const options = { args: ['--zset-max-listpack-entries', String(maxEntries)] };
    const servers = await Promise.all([
      use.server('redis7', options),
      use.server('bundled', options),
    ]);
    const clients = await Promise.all(servers.map((server) => server.connect({ protocol })));
    const requests = randomZsetRequests(seededRandom(seed + maxEntries));
    await expectSameAnswers(clients, requests, { count, run: `FUZZ_SEED=${seed}` });
    const digests = await Promise.all(clients.map((client) => client.must('DEBUG', 'DIGEST')));
    expect(digests[1], `FUZZ_SEED=${seed}, the digest in the end`).toBe(digests[0]);
  });
}
