/** INFO: the same fields as redis-server in the same order, and figures that are true. */
import { describe, expect, test } from 'vitest';
import { parseInfo } from '../../../src/protocol/info.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import type { TestServer } from '../../support/server-process.ts';

const use = useResources();

/** Fields of redis-server that this server leaves out, and why; and those that it adds. */
const leftOut: Record<string, string> = {
  expire_cycle_cpu_milliseconds: 'the time spent on expiry is not measured',
  total_reads_processed: 'reads are not counted',
  total_writes_processed: 'writes are not counted',
  used_cpu_sys_main_thread: 'Node 20 does not tell the CPU time of a thread',
  used_cpu_user_main_thread: 'the same',
};
const added = ['server_name', 'node_version', 'expired_subkeys'];

test('the fields are those of redis-server, in its order', async (context) => {
  needServer(context, 'redis7');
  const [theirs, ours] = await Promise.all(
    (['redis7', 'bundled'] as const).map(async (kind) => fieldsOf(await use.server(kind))),
  );
  const expected = theirs.filter((name) => !(name in leftOut));
  expect(ours.filter((name) => !added.includes(name))).toEqual(expected);
  expect(Object.keys(leftOut).filter((name) => !theirs.includes(name))).toEqual([]);
});

describe('sections', () => {
  const usual =
    'Server Clients Memory Persistence Stats Replication CPU Modules Errorstats Cluster Keyspace';
  const all =
    'Server Clients Memory Persistence Stats Replication CPU Modules Commandstats Errorstats ' +
    'Latencystats Cluster Keyspace';
  const rows: [string, string][] = [
    ['', usual],
    ['default', usual],
    ['keyspace default', usual],
    ['all', all],
    ['EVERYTHING', all],
    ['server all', all],
    ['default commandstats', usual.replace('Errorstats', 'Commandstats Errorstats')],
    ['keyspace cpu nosuch CPU', 'CPU Keyspace'],
    ['nosuch', ''],
  ];

  for (const kind of ['bundled', 'redis7'] as const) {
    test(`${kind} shows those that were asked for`, async (context) => {
      needServer(context, kind);
      const server = await use.server(kind);
      for (const [words, titles] of rows) {
        const text = await server.cli('INFO', ...words.split(' ').filter(Boolean));
        const shown = parseInfo(text).sections.map(({ title }) => title);
        expect(shown.join(' '), `INFO ${words}`).toBe(titles);
      }
    });
  }
});

describe('figures', () => {
  test('commandstats count calls, refusals and failures apart', async () => {
    const server = await use.server('bundled');
    const client = await server.connect();
    await client.must('CONFIG', 'RESETSTAT');
    await client.must('SET', 'k', 'v');
    await client.command('INCR', 'k');
    await client.command('GET');
    await client.command('nosuch');
    const { fields } = parseInfo(await server.cli('INFO', 'everything'));
    expect(fields.get('cmdstat_set')).toMatch(/^calls=1,usec=\d+,usec_per_call=\d+\.\d\d,rej/);
    expect(fields.get('cmdstat_incr')).toMatch(/^calls=1,.*,rejected_calls=0,failed_calls=1$/);
    expect(fields.get('cmdstat_get')).toMatch(/^calls=0,.*,rejected_calls=1,failed_calls=0$/);
    expect(fields.get('cmdstat_config|resetstat')).toMatch(/^calls=1,/);
    expect(fields.get('errorstat_ERR')).toBe('count=3');
    expect(fields.get('total_error_replies')).toBe('3');
  });

  test('keyspace, clients, memory and the process', async () => {
    const server = await use.server('bundled', { args: ['--maxmemory', '100mb'] });
    const client = await server.connect();
    await client.must('DEBUG', 'POPULATE', 10_000, 'k', 100);
    await client.must('SET', 'mortal', 'x', 'EX', 1000);
    await client.must('GET', 'k:1');
    await client.must('GET', 'nosuch');
    const { fields } = parseInfo(await server.cli('INFO'));
    const number = (name: string): number => Number(fields.get(name));
    expect(fields.get('db0')).toMatch(/^keys=10001,expires=1,avg_ttl=(?:1000000|99\d{4})$/);
    expect(fields.get('redis_version')).toBe('7.0.15');
    expect(number('process_id')).toBe(server.pid);
    expect(number('tcp_port')).toBe(server.port);
    expect(number('connected_clients')).toBe(2);
    expect(number('keyspace_hits')).toBe(1);
    expect(number('keyspace_misses')).toBe(1);
    expect(number('rdb_changes_since_last_save')).toBe(1);
    expect(number('used_memory')).toBeGreaterThan(10_000 * 100);
    expect(number('used_memory')).toBeLessThan(10_000 * 400);
    expect(number('used_memory_peak')).toBeGreaterThanOrEqual(number('used_memory'));
    expect(number('used_memory_rss')).toBeGreaterThan(number('used_memory'));
    expect(fields.get('maxmemory_human')).toBe('100.00M');
    expect(number('total_net_input_bytes')).toBeGreaterThan(100);
  });
});

async function fieldsOf(server: TestServer): Promise<string[]> {
  await server.cli('SET', 'k', 'v');
  // What a server has counted differs; the names of the sections' own fields do not.
  const { sections } = parseInfo(await server.cli('INFO', 'default'));
  return sections.flatMap(({ title, fields }) =>
    fields.map(([name]) => name).filter(() => title !== 'Errorstats'),
  );
}
