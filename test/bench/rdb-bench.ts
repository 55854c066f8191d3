/**
 * Saving and loading collections: two servers with the same data, in turn (A B A B). A save is what
 * SAVE takes, a load what DEBUG RELOAD takes of a server that has just been emptied. The shortest
 * run of each counts: others only say what else the machine was doing.
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
  nsPerElement: readonly [number, number];
  ratio: number;
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
  const [saves, loads] = [servers.map((): number[] => []), servers.map((): number[] => [])];
  for (let round = 0; round < plan.rounds; round++) {
    for (const [at, server] of servers.entries()) {
      saves[at].push(await saveMs(server));
      loads[at].push(await loadMs(server));
    }
  }
  const rowOf = (operation: 'save' | 'load', [first, second]: number[][]): RdbBenchRow => {
    const ms = [Math.min(...first), Math.min(...second)] as const;
    return {
      test: dataSet.name,
      operation,
      ms,
      nsPerElement: [(ms[0] * 1e6) / plan.elements, (ms[1] * 1e6) / plan.elements],
      ratio: ms[0] / ms[1],
    };
  };
  return [rowOf('save', saves), rowOf('load', loads)];
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

async function saveMs(server: TestServer): Promise<number> {
  const client = await connect(server);
  const tookMs = await timeOf(client, 'SAVE');
  client.close();
  return tookMs;
}

async function loadMs(server: TestServer): Promise<number> {
  const client = await connect(server);
  await client.must('FLUSHALL', 'ASYNC');
  // What Redis frees meanwhile, in a thread of its own, would take a core from the other side too.
  await waitFor(async () => (await server.info('lazyfree_pending_objects')) === '0');
  const tookMs = await timeOf(client, 'DEBUG', 'RELOAD', 'NOSAVE');
  client.close();
  return tookMs;
}

async function timeOf(client: RespClient, ...command: RespArg[]): Promise<number> {
  const startMs = performance.now();
  await client.must(...command);
  return performance.now() - startMs;
}

function connect(server: TestServer): Promise<RespClient> {
  return connectResp({ port: server.port, timeoutMs: 60_000 });
}

const heading = ['data', 'what', 'A ms', 'B ms', 'A ns/el', 'B ns/el', 'A/B'];
const widths = [14, 6, 9, 9, 9, 9, 7];

function formatRow({ test, operation, ms, nsPerElement, ratio }: RdbBenchRow): string {
  const figures = [...ms.map((each) => figure(each)), ...nsPerElement.map((each) => figure(each))];
  return row([test, operation, ...figures, figure(ratio, 2)], widths);
}
