/** LATENCY and INFO latencystats: what they say of commands that were slow, or just ran. */
import { expect, test } from 'vitest';
import type { RespValue } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/latency.txt', import.meta.url));

const use = useResources();

test('a spike is seen, shown, and forgotten', async () => {
  const server = await use.server('bundled');
  const client = await server.connect();
  expect(await client.must('LATENCY', 'DOCTOR')).toContain('off');
  await client.must('CONFIG', 'SET', 'latency-monitor-threshold', 20);
  expect(await client.must('LATENCY', 'DOCTOR')).toContain('Nothing has taken 20 ms');
  await client.must('DEBUG', 'SLEEP', '0.03');
  const [[time, ms]] = (await client.must('LATENCY', 'HISTORY', 'command')) as number[][];
  expect(Math.abs(time - Date.now() / 1000)).toBeLessThan(10);
  expect(ms).toBeGreaterThanOrEqual(30);
  expect(await client.must('LATENCY', 'LATEST')).toEqual([['command', time, ms, ms]]);
  expect(await client.must('LATENCY', 'GRAPH', 'command')).toContain(`all time high ${ms} ms`);
  expect(await client.must('LATENCY', 'DOCTOR')).toContain('1. command: 1 second with a spike');
  expect(await client.must('LATENCY', 'RESET', 'nosuch', 'command')).toBe(1);
  expect(await client.must('LATENCY', 'LATEST')).toEqual([]);
});

test('HISTOGRAM counts executions, of subcommands for themselves', async () => {
  const server = await use.server('bundled');
  const client = await server.connect({ protocol: 3 });
  await client.must('CONFIG', 'RESETSTAT');
  await client.pipeline([['SET', 'a', 'b'], ['SET', 'a', 'b'], ['CLIENT', 'ID'], ['MULTI']]);
  await client.pipeline([['GET', 'a'], ['GET', 'b'], ['EXEC']]);
  const all = (await client.must('LATENCY', 'HISTOGRAM')) as Map<string, Map<string, RespValue>>;
  const calls = [...all].map(([name, entry]) => [name, entry.get('calls')]);
  expect(Object.fromEntries(calls)).toEqual({
    'config|resetstat': 1,
    set: 2,
    'client|id': 1,
    multi: 1,
    get: 2,
    exec: 1,
  });
  for (const entry of all.values()) {
    const counts = [...(entry.get('histogram_usec') as Map<number, number>).values()];
    expect(counts.at(-1)).toBe(entry.get('calls'));
  }
  const some = (await client.must('LATENCY', 'HISTOGRAM', 'client', 'GET', 'nosuch')) as typeof all;
  expect([...some.keys()]).toEqual(['client|id', 'get']);
});

test('INFO latencystats shows the percentiles asked for, while tracking is on', async () => {
  const server = await use.server('bundled');
  const client = await server.connect();
  await client.must('DEBUG', 'SLEEP', '0.02');
  const stats = async (): Promise<string> => (await client.must('INFO', 'latencystats')) as string;
  expect(await stats()).toMatch(/^latency_percentiles_usec_debug:p50=\d+\.\d{3},p99=.*,p99\.9=/m);
  await client.must('CONFIG', 'SET', 'latency-tracking-info-percentiles', '0.0 50.0 100.0');
  const [, p0, p50] = /usec_debug:p0=(.*),p50=(.*),p100=/.exec(await stats()) ?? [];
  expect(Number(p0)).toBeGreaterThan(19_000);
  expect(Number(p50)).toBeGreaterThanOrEqual(20_000);
  await client.must('CONFIG', 'SET', 'latency-tracking', 'no');
  expect(await stats()).toBe('# Latencystats\r\n');
});
