/** What would save the data set in the middle of a transaction waits until that is over. */
import { expect, test } from 'vitest';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import { waitFor } from '../../support/wait-for.ts';

const use = useResources();

for (const kind of ['redis7', 'bundled'] as const) {
  test(`${kind} puts BGSAVE, BGREWRITEAOF and CONFIG SET appendonly off until after EXEC`, async (context) => {
    needServer(context, kind);
    const server = await use.server(kind);
    const client = await server.connect();
    const forks = async (): Promise<number> => Number(await server.info('total_forks'));
    const requests = [
      { words: ['BGSAVE'], reply: 'Background saving scheduled' },
      { words: ['BGREWRITEAOF'], reply: 'Background append only file rewriting scheduled' },
      { words: ['CONFIG', 'SET', 'appendonly', 'yes'], reply: 'OK' },
    ];
    for (const [at, { words, reply }] of requests.entries()) {
      const before = await forks();
      const [, , , replies] = await client.pipeline([['MULTI'], ['SET', 'k', at], words, ['EXEC']]);
      expect(replies).toEqual(['OK', reply]);
      await waitFor(async () => (await forks()) > before, { what: `${words.join(' ')} to begin` });
      for (const field of ['rdb_bgsave_in_progress', 'aof_rewrite_in_progress']) {
        await waitFor(async () => (await server.info(field)) === '0');
      }
    }
    expect(server.log()).toMatch(
      /AOF was enabled during a transaction\. An AOF background was sch/,
    );
    expect(await server.info('aof_enabled')).toBe('1');
    await client.must('CONFIG', 'RESETSTAT');
    expect(await forks()).toBe(0);
    await client.must('SET', 'k', 'appended');
    await server.restart({ args: ['--appendonly', 'yes'] });
    await waitFor(async () => (await server.cli('GET', 'k')) === 'appended');
  });
}
