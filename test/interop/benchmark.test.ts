/** redis-benchmark's flood on a master with two replicas attached: in the end all hold the same. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { findRealServer } from '../support/real-servers.ts';
import { useResources } from '../support/resources.ts';
import { needServer } from '../support/server-kinds.ts';
import { expectInStep, useReplica } from './support/topology.ts';

const use = useResources();
const run = promisify(execFile);

test('set and get with pipelines of 16', async (context) => {
  needServer(context, 'redis7');
  const program = findRealServer('redis7')?.benchmark ?? '';
  const master = await use.server('bundled');
  const replicas = [
    await useReplica(use, 'bundled', master),
    await useReplica(use, 'redis7', master),
  ];
  const options = ['-p', String(master.port), '-t', 'set,get', '-n', '100000', '-P', '16'];
  const { stdout, stderr } = await run(program, [...options, '-r', '10000', '-d', '100', '--csv']);
  expect(stdout).toMatch(/"SET","[\d.]+"/);
  expect(stdout).toMatch(/"GET","[\d.]+"/);
  expect(stderr).toBe('');
  await expectInStep(master, ...replicas);
  expect(Number(await master.cli('DBSIZE'))).toBeGreaterThan(9900);
  expect(await master.info('sync_full')).toBe('2');
});
