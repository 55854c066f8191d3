import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/util/random.ts';
import { expectSameAnswers } from '../../support/compare-answers.ts';
import { digestOf } from '../../support/digest.ts';
import { testPropagation } from '../../support/propagation.ts';
import { randomListRequests } from '../../support/random-lists.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/lists.txt', import.meta.url));
testTranscript(new URL('../../transcripts/commands/lists-blocking.txt', import.meta.url));
testPropagation(new URL('../../transcripts/commands/lists-propagation.txt', import.meta.url));

const use = useResources();
const requestCount = Number(process.env.FUZZ_REQUESTS ?? 2000);
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32));

test(`random lists lie in nodes as in redis-server (FUZZ_SEED=${seed})`, async (context) => {
  needServer(context, 'redis7');
  // Two compressors need not find the same matches, and DUMP shows what they find.
  const options = { args: ['--rdbcompression', 'no'] };
  const servers = [await use.server('redis7', options), await use.server('bundled', options)];
  const clients = await Promise.all(servers.map((server) => server.connect()));
  const requests = randomListRequests(seededRandom(seed));
  await expectSameAnswers(clients, requests, { count: requestCount, run: `FUZZ_SEED=${seed}` });
  const [theirs, ours] = await Promise.all(servers.map(digestOf));
  expect(ours).toBe(theirs);
});
