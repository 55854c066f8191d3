/**
 * redis-benchmark as a function: one run of one test, and what it reports. It is the load of all
 * server benches, because its figures are the ones people compare.
 */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

export interface BenchmarkRun {
  port: number;
  /** The name of a test of redis-benchmark's `-t`, or a command of our own, word by word. */
  load: string | readonly string[];
  requests: number;
  pipeline: number;
  clients: number;
  valueBytes: number;
  /** Keys are drawn from `key:000000000000` up to this many. */
  keys: number;
}

export interface BenchmarkResult {
  requestsPerSecond: number;
  p99Ms: number;
}

export function findBenchmarkTool(): string | undefined {
  const found = spawnSync('redis-benchmark', ['--version'], { encoding: 'utf8' });
  return found.error === undefined ? 'redis-benchmark' : undefined;
}

/** Throws when the tool fails, or when the server answered with an error. */
export async function runBenchmark(tool: string, run: BenchmarkRun): Promise<BenchmarkResult> {
  const options = {
    '-h': '127.0.0.1',
    '-p': run.port,
    '-n': run.requests,
    '-P': run.pipeline,
    '-c': run.clients,
    '-d': run.valueBytes,
    '-r': run.keys,
  };
  const load = typeof run.load === 'string' ? ['-t', run.load] : run.load;
  const args = [...Object.entries(options).flat().map(String), '--csv', ...load];
  const { stdout, stderr } = await promisify(execFile)(tool, args);
  const result = parseCsv(stdout);
  if (result === undefined || /^Error /m.test(stderr)) {
    throw new Error(`${tool} ${args.join(' ')} said:\n${stdout}${stderr}`);
  }
  return result;
}

/** The last row: some tests are preceded by one that fills what they need. */
function parseCsv(csv: string): BenchmarkResult | undefined {
  const rows = csv
    .trim()
    .split('\n')
    .map((line) => line.replaceAll('"', '').split(','));
  const [header, last] = [rows[0], rows.at(-1)];
  if (last === undefined || rows.length < 2) return undefined;
  const field = (name: string): number => Number(last[header.indexOf(name)]);
  return {
    requestsPerSecond: field('rps'),
    p99Ms: field('p99_latency_ms'),
  };
}
