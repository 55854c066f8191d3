/**
 * Saving and loading collections: two servers with the same data, in turn (A B A B). A save is what
 * SAVE takes, a load what DEBUG RELOAD takes of a server that has just been emptied. The shortest
 * run of each counts, others only say what else the machine was doing; the processor's time, of all
 * threads, says it once more.
 */
import {
  connectResp,
  encodeCommand,
  type RespArg,
  type RespClient,
} from '../support/resp-client.ts';
import {
  startServerProcess,
  type ServerProgram,
  type TestServer,
} from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { cpuMicros } from './cpu-time.ts';
import { figure, row } from './figures.ts';

export interface RdbBenchPlan {
  /** The baseline first: ratios are first over second, above 1 the second side is faster. */
  sides: readonly [ServerProgram, ServerProgram];
  /** Elements of each data set, in all. */
  elements: number;
  /** Names of data sets; all of them when it is empty. */
  tests: readonly string[];
  rounds: number;
  json: boolean;
}

interface DataSet {
  readonly name: string;
  /** The command that adds element `number`. */
  readonly command: (number: number) => RespArg[];
}

/** One line of the table: the shortest runs, baseline first. */
interface RdbBenchRow {
  test: string;
  operation: 'save' | 'load';
  ms: readonly [number, number];
  cpuMs: readonly [number, number];
  nsPerElement: readonly [number, number];
  ratio: number;
  cpuRatio: number;
}

interface Timing {
  readonly ms: number;
  /** NaN where the system does not tell. */
  readonly cpuMs: number;
}

const elementsPerSmallHash = 10;

const dataSets: readonly DataSet[] = [
  { name: 'list', command: (number) => ['RPUSH', 'k', `element:${number}`] },
  { name: 'set', command: (number) => ['SADD', 'k', `member:${number}`] },
  { name: 'hash', command: (number) => ['HSET', 'k', `field:${number}`, `value:${number}`] },
  { name: 'zset', command: (number) => ['ZADD', 'k', number * 1.5, `member:${number}`] },
  {
    name: 'small hashes',
    command: (number) => {
      const key = `h:${Math.floor(number / elementsPerSmallHash)}`;
      return ['HSET', key, `field:${number}`, `value:${number}`];
    },
  },
  {
    name: 'small zsets',
    command: (number) => {
      const key = `z:${Math.floor(number / elementsPerSmallHash)}`;
      return ['ZADD', key, (number % 977) * 0.25, `member:${number}`];
    },
  },
];

export async function benchRdb(plan: RdbBenchPlan): Promise<void> {
  const servers: TestServer[] = [];
  const rows: RdbBenchRow[] = [];
  try {
    for (const program of plan.sides) servers.push(await startServerProcess(program));
    if (!plan.json) console.log(row(heading, widths));
    for (const dataSet of dataSets) {
      if (plan.tests.length > 0 && !plan.tests.includes(dataSet.name)) continue;
      for (const result of await benchDataSet(servers, plan, dataSet)) {
        rows.push(result);
        if (!plan.json) console.log(formatRow(result));
      }
    }
  } finally {
    for (const server of servers) await server.close();
  }
  if (plan.json) console.log(JSON.stringify({ plan, rows }, null, 2));
}

async function benchDataSet(
  servers: readonly TestServer[],
  plan: RdbBenchPlan,
  dataSet: DataSet,
): Promise<RdbBenchRow[]> {
  for (const server of servers) await fill(server, plan.elements, dataSet);
  const [saves, loads] = [servers.map((): Timing[] => []), servers.map((): Timing[] => [])];
  for (let round = 0; round < plan.rounds; round++) {
    for (const [at, server] of servers.entries()) {
      saves[at].push(await timeSave(server));
      loads[at].push(await timeLoad(server));
    }
  }
  return [rowOf(plan, dataSet, 'save', saves), rowOf(plan, dataSet, 'load', loads)];
}

function rowOf(
  { elements }: RdbBenchPlan,
  { name }: DataSet,
  operation: 'save' | 'load',
  [first, second]: Timing[][],
): RdbBenchRow {
  const least = (pick: (timing: Timing) => number): readonly [number, number] => [
    Math.min(...first.map(pick)),
    Math.min(...second.map(pick)),
  ];
  const ms = least((timing) => timing.ms);
  const cpuMs = least((timing) => timing.cpuMs);
  return {
    test: name,
    operation,
    ms,
    cpuMs,
    nsPerElement: [(ms[0] * 1e6) / elements, (ms[1] * 1e6) / elements],
    ratio: ms[0] / ms[1],
    cpuRatio: cpuMs[0] / cpuMs[1],
  };
}

async function fill(server: TestServer, elements: number, dataSet: DataSet): Promise<void> {
  const batchSize = 1000;
  const client = await connect(server);
  await client.must('FLUSHALL');
  for (let first = 0; first < elements; first += batchSize) {
    const count = Math.min(batchSize, elements - first);
    const commands = Array.from({ length: count }, (_, at) =>
      encodeCommand(dataSet.command(first + at)),
    );
    const replies = await client.exchange(Buffer.concat(commands), count);
    if (replies.includes('-ERR')) throw new Error(`${server.kind}: ${replies.toString()}`);
  }
  client.close();
}

async function timeSave(server: TestServer): Promise<Timing> {
  const client = await connect(server);
  const timing = await timeOf(server, client, 'SAVE');
  client.close();
  return timing;
}

async function timeLoad(server: TestServer): Promise<Timing> {
  const client = await connect(server);
  await client.must('FLUSHALL', 'ASYNC');
  // What Redis frees meanwhile, in a thread of its own, would take a core from the other side too.
  await waitFor(async () => (await server.info('lazyfree_pending_objects')) === '0');
  const timing = await timeOf(server, client, 'DEBUG', 'RELOAD', 'NOSAVE');
  client.close();
  return timing;
}

async function timeOf(
  { pid }: TestServer,
  client: RespClient,
  ...command: RespArg[]
): Promise<Timing> {
  const [startMs, startCpu] = [performance.now(), cpuMicros(pid)];
  await client.must(...command);
  return { ms: performance.now() - startMs, cpuMs: (cpuMicros(pid) - startCpu) / 1000 };
}

function connect(server: TestServer): Promise<RespClient> {
  return connectResp({ port: server.port, timeoutMs: 60_000 });
}

const heading = ['data', 'what', 'A ms', 'B ms', 'A ns/el', 'B ns/el', 'A/B', 'CPU A/B'];
const widths = [14, 6, 9, 9, 9, 9, 7, 8];

function formatRow({ test, operation, ms, nsPerElement, ratio, cpuRatio }: RdbBenchRow): string {
  const figures = [...ms.map((each) => figure(each)), ...nsPerElement.map((each) => figure(each))];
  return row([test, operation, ...figures, figure(ratio, 2), figure(cpuRatio, 2)], widths);
}
