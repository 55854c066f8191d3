/**
 * `npm run bench`: the bundled server against redis-server, in turn in one run (A B A B), and with
 * `npm run bench -- startup` how long the CLI takes to start, `rdb` how long collections take to save
 * and to load, `memory` how much room data takes and how long it takes to come in, `pauses` how long
 * the event loop is held up with 5 M keys (minutes), `switchover` how long writers wait while another
 * node becomes the master, `verify` whether a comparison finds all damage and nothing else in a
 * million keys under writes (minutes), `persistence` saving, loading and appending (`--keys
 * 1000000,5000000`; minutes), `replication` what full syncs, links and chains take (minutes). It prints
 * ratios, with the goals beside them where there are some, and passes no verdict: absolute figures
 * belong to a machine. Nothing stays running.
 *
 *   npm run bench -- --quick
 *   npm run bench -- --tests all --pipelines 1,16 --replicas 0 --rounds 5 --json
 *   npm run bench -- --server '/path/to/other-server' --baseline 'redis-server --io-threads 2'
 */
import { parseArgs } from 'node:util';
import { bundledServerCommand } from '../support/bundled-server.ts';
import { findRealServer } from '../support/real-servers.ts';
import { serverKinds, type ServerKind } from '../support/server-kinds.ts';
import { findTests } from './bench-tests.ts';
import { benchMemory } from './memory-bench.ts';
import { benchPauses } from './pause-bench.ts';
import { benchPersistence } from './persistence-bench.ts';
import { findBenchmarkTool } from './redis-benchmark.ts';
import { benchRdb } from './rdb-bench.ts';
import { benchReplication } from './replication-bench.ts';
import { benchServers, type ServerBenchPlan } from './server-bench.ts';
import { benchStartup } from './startup-bench.ts';
import { benchSwitchover } from './switchover-bench.ts';
import { benchVerify } from './verify-bench.ts';

/** Something is missing on this machine, as distinct from a failure. */
const exitCannotRun = 2;

class CannotRun extends Error {}

process.once('SIGINT', () => process.exit(130)); // The exit handlers end the servers.
process.once('SIGTERM', () => process.exit(143));
try {
  await main();
} catch (error) {
  if (!(error instanceof CannotRun)) throw error;
  console.error(`cannot run the bench: ${error.message}`);
  process.exitCode = exitCannotRun;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      runs: { type: 'string' },
      tests: { type: 'string' },
      kinds: { type: 'string' },
      pipelines: { type: 'string', default: '1,16,64' },
      replicas: { type: 'string', default: '0,1' },
      keys: { type: 'string' },
      json: { type: 'boolean', default: false },
      server: { type: 'string' },
      baseline: { type: 'string' },
    },
  });
  if (positionals[0] === 'startup') {
    return benchStartup({
      rounds: Number(values.rounds ?? (values.quick ? 5 : 20)),
      json: values.json,
    });
  }
  if (positionals[0] === 'verify') {
    return benchVerify({
      kinds: kindsOf(values.kinds ?? 'redis7'),
      keys: values.quick ? 100_000 : 1_000_000,
      rounds: Number(values.rounds ?? (values.quick ? 1 : 5)),
      json: values.json,
    });
  }
  const sides: ServerBenchPlan['sides'] = [
    { kind: 'redis', command: words(values.baseline) ?? redisCommand() },
    { kind: 'bundled', command: words(values.server) ?? bundledCommand() },
  ];
  if (positionals[0] === 'rdb') {
    return benchRdb({
      sides,
      elements: values.quick ? 100_000 : 1_000_000,
      tests: values.tests === undefined ? [] : values.tests.split(','),
      rounds: Number(values.rounds ?? (values.quick ? 3 : 5)),
      json: values.json,
    });
  }
  if (positionals[0] === 'persistence') {
    return benchPersistence({
      tool: benchmarkTool(),
      sides,
      keyCounts: (values.keys ?? (values.quick ? '100000' : '1000000')).split(',').map(Number),
      rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
      seconds: values.quick ? 1 : 5,
      json: values.json,
    });
  }
  if (positionals[0] === 'replication') {
    return benchReplication({
      sides,
      tests: values.tests === undefined ? [] : values.tests.split(','),
      keys: Number(values.keys ?? (values.quick ? 100_000 : 1_000_000)),
      rounds: Number(values.rounds ?? (values.quick ? 1 : 5)),
      samples: values.quick ? 200 : 2000,
      json: values.json,
    });
  }
  if (positionals[0] === 'memory') {
    return benchMemory({
      sides,
      count: values.quick ? 100_000 : 1_000_000,
      tests: values.tests === undefined ? [] : values.tests.split(','),
      rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
      json: values.json,
    });
  }
  if (positionals[0] === 'pauses') {
    return benchPauses({
      tool: benchmarkTool(),
      program: sides[1],
      keys: values.quick ? 500_000 : 5_000_000,
      seconds: values.quick ? 3 : 20,
      json: values.json,
    });
  }
  if (positionals[0] === 'switchover') {
    return benchSwitchover({
      kinds: kindsOf(values.kinds ?? 'redis7,bundled'),
      runs: Number(values.runs ?? (values.quick ? 5 : 100)),
      json: values.json,
    });
  }
  const plan: ServerBenchPlan = {
    tool: benchmarkTool(),
    sides,
    tests: findTests(values.tests ?? 'get,set'),
    pipelines: values.pipelines.split(',').map(Number),
    replicas: values.replicas.split(',').map(Number),
    rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
    load: { keys: values.quick ? 100_000 : 1_000_000, valueBytes: 100, clients: 50 },
    secondsPerRun: values.quick ? 0.5 : 1.5,
    json: values.json,
  };
  await benchServers(plan);
}

function kindsOf(list: string): ServerKind[] {
  return list.split(',').map((name) => {
    const kind = serverKinds.find((each) => each === name);
    if (kind === undefined) throw new CannotRun(`--kinds takes ${serverKinds.join(', ')}`);
    return kind;
  });
}

function words(command: string | undefined): string[] | undefined {
  return command?.trim().split(/\s+/);
}

function benchmarkTool(): string {
  const tool = findBenchmarkTool();
  if (tool === undefined) throw new CannotRun('no redis-benchmark here; install redis-tools');
  return tool;
}

function redisCommand(): string[] {
  const redis = findRealServer('redis7');
  if (redis === undefined)
    throw new CannotRun('no redis-server 7 here; install it or give --baseline');
  return [redis.binary];
}

function bundledCommand(): string[] {
  try {
    return bundledServerCommand();
  } catch (error) {
    throw new CannotRun((error as Error).message);
  }
}
