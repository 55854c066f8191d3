/**
 * `npm run conformance`: Redis's own Tcl test suite with our server in redis-server's place. It
 * fails when a test that is recorded as passing no longer passes; other failures are named.
 *
 *   npm run conformance                            all recorded files
 *   npm run conformance -- unit/type/hash unit/scan
 *   npm run conformance -- --only 'HSETNX target key missing' unit/type/hash
 *   npm run conformance -- --record unit/expire    adds what passes now to the recorded tests
 *   npm run conformance -- --server redis-server --jobs 2
 *   npm run conformance -- --logs DIR              keeps what the suite printed, a file each
 */
import { parseArgs } from 'node:util';
import { bundledServerCommand } from '../support/bundled-server.ts';
import { judge, lostInBoth, unexpected, type Verdict } from './compare.ts';
import {
  readListedTests,
  readPassing,
  recordedFiles,
  writePassing,
  type ListedTest,
} from './lists.ts';
import { printHeader, printTotal, printVerdict } from './report.ts';
import { runFile, type FileRun } from './run-file.ts';
import { CannotRun, isolation, obtainSuite } from './suite.ts';

interface Plan {
  files: string[];
  /** What all runs have in common. */
  run: Omit<FileRun, 'file' | 'exclude' | 'job'>;
  jobs: number;
  record: boolean;
  exclusions: ListedTest[];
  knownFailures: ListedTest[];
}

process.once('SIGINT', () => process.exit(130)); // The exit handlers end what runs.
process.once('SIGTERM', () => process.exit(143));
try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof CannotRun)) throw error;
  console.log(`skipped: ${error.message}`);
}

async function main(): Promise<number> {
  const plan = await makePlan();
  if (plan.run.isolation.length === 0) {
    console.log('skipped: no network of its own for the suite (unshare); it uses our loopback');
  }
  printHeader(plan.files);
  const verdicts: Verdict[] = [];
  const waiting = [...plan.files];
  const work = async (job: number): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      verdicts.push(await runAndReport(plan, file, job));
    }
  };
  await Promise.all(Array.from({ length: plan.jobs }, (_, job) => work(job)));
  printTotal(verdicts);
  return verdicts.some(({ lost, cutShort }) => lost.length > 0 || cutShort !== undefined) ? 1 : 0;
}

async function makePlan(): Promise<Plan> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      record: { type: 'boolean', default: false },
      server: { type: 'string' },
      jobs: { type: 'string', default: '1' },
      only: { type: 'string', multiple: true, default: [] },
      logs: { type: 'string' },
    },
  });
  return {
    files: positionals.length > 0 ? positionals : await recordedFiles(),
    run: {
      suite: obtainSuite(),
      server: values.server?.trim().split(/\s+/) ?? bundledServerCommand(),
      only: values.only,
      isolation: isolation(),
      logs: values.logs,
    },
    jobs: Number(values.jobs),
    record: values.record,
    exclusions: await readListedTests('exclusions'),
    knownFailures: await readListedTests('known-failures'),
  };
}

async function runAndReport(plan: Plan, file: string, job: number): Promise<Verdict> {
  // A run of some tests says nothing about the others.
  const partly = plan.run.only.length > 0;
  const recorded = partly ? [] : await readPassing(file);
  const exclude = plan.exclusions.filter((listed) => listed.file === file).map(({ test }) => test);
  const once = async (): Promise<Verdict> =>
    judge(await runFile({ ...plan.run, file, exclude, job }), recorded);
  const first = await once();
  let verdict = first;
  let unsteady: string[] = [];
  if (first.lost.length > 0) {
    // Many tests measure time, and another program may have been in the way.
    const second = await once();
    verdict = { ...second, lost: lostInBoth(first, second) };
    unsteady = first.lost.filter((name) => !verdict.lost.includes(name));
  }
  if (plan.record && !partly) await writePassing(file, [...recorded, ...verdict.fresh]);
  printVerdict(verdict, unexpected(verdict, plan.knownFailures), unsteady);
  return verdict;
}
