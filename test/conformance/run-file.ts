/**
 * Runs one file of the suite against one server, in a folder of its own, and leaves no process
 * behind. A test that makes no progress is a failure, and the file is run again without it: one
 * hanging test must not hide the others. So are, together, those that failed because they call for
 * scripts: broken off in the middle of a transaction, they spoil what follows.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSuiteOutput, type FileEnd, type TestResult } from './suite-output.ts';
import { makeRunDir } from './suite.ts';

/** How long a test may show no progress. Debian's own server needs 50 s for the longest one. */
const stallSeconds = 240;

/** How long one try of a file may take. */
const fileSeconds = 1200;

/** How many hanging tests a file may have until the rest of it is given up. */
const mostHangs = 4;

/** Each job takes a range of ports, the same ones in every run where it has a network of its own. */
const firstPort = 21_111;
const portsPerJob = 1000;

export interface FileRun {
  suite: string;
  /** As the suite calls it: `unit/type/hash`. */
  file: string;
  server: readonly string[];
  /** Names of tests to leave out; `/…` is a regular expression. */
  exclude: readonly string[];
  /** When given, only these tests. */
  only: readonly string[];
  /** Which of the runs at the same time this is, from 0 on. */
  job: number;
  /** From suite.ts. */
  isolation: readonly string[];
  /** A directory for what the suite printed. */
  logs: string | undefined;
}

export interface FileResult {
  file: string;
  seconds: number;
  tests: TestResult[];
  needsScripting: Set<string>;
  end: FileEnd;
}

export async function runFile(run: FileRun): Promise<FileResult> {
  const startedMs = performance.now();
  /** Failures of earlier tries, which later ones leave out. */
  const failed = new Map<string, TestResult>();
  const needsScripting = new Set<string>();
  for (let hangs = 0; ;) {
    const { tests, end, ...output } = parseSuiteOutput(await runOnce(run, [...failed.keys()]));
    for (const name of output.needsScripting) needsScripting.add(name);
    if (end.kind === 'hung' && end.test !== undefined && hangs++ < mostHangs) {
      failed.set(end.test, asHung(end.test));
      continue;
    }
    const failures = tests.filter(({ outcome }) => outcome === 'err');
    const spoilers = failures.filter(({ name }) => needsScripting.has(name));
    if (spoilers.length > 0 && spoilers.length < failures.length) {
      for (const test of spoilers) failed.set(test.name, test);
      continue;
    }
    const seconds = (performance.now() - startedMs) / 1000;
    const all = tests.map((test) => failed.get(test.name) ?? test);
    return { file: run.file, seconds, tests: all, needsScripting, end };
  }
}

function asHung(name: string): TestResult {
  return { name, outcome: 'err', reason: [`no progress for ${stallSeconds} s`] };
}

async function runOnce(run: FileRun, leftOut: readonly string[]): Promise<string> {
  const dir = await makeRunDir(run.suite, run.server);
  const remove = (): void => rmSync(dir.path, { recursive: true, force: true });
  process.once('exit', remove); // Ctrl-C leaves nothing behind.
  try {
    await writeFile(join(dir.path, 'exclude'), [...run.exclude, ...leftOut].join('\n'));
    const [program, ...args] = [...run.isolation, 'tclsh', ...suiteArgs(run)];
    const printed = await collect(program, args, dir.path);
    if (run.logs !== undefined) await writeLog(run.logs, run.file, printed);
    return printed;
  } finally {
    process.off('exit', remove);
    await dir.close();
  }
}

function suiteArgs({ file, only, job }: FileRun): string[] {
  return [
    ['tests/test_helper.tcl', '--single', file, '--clients', '1', '--durable', '--dont-clean'],
    ['--timeout', String(stallSeconds), '--skipfile', 'exclude'],
    ['--baseport', String(firstPort + job * portsPerJob), '--portcount', String(portsPerJob - 50)],
    only.flatMap((name) => ['--only', name]),
  ].flat();
}

async function writeLog(dir: string, file: string, printed: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, `${file.replaceAll('/', '_')}.out`), printed);
}

/** What the program prints; when it ends, or takes too long, all that it started ends too. */
function collect(program: string, args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, LC_ALL: 'C', TERM: 'dumb' };
  const child = spawn(program, args, {
    cwd,
    env,
    detached: true, // A process group of its own, so that it can be ended as a whole.
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const endAll = (): void => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {} // There is nobody left.
  };
  const timer = setTimeout(() => {
    chunks.push(Buffer.from(`\n[exception]: longer than ${fileSeconds} s\n`));
    endAll();
  }, fileSeconds * 1000);
  process.once('exit', endAll);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', endAll); // What it left holds its pipes open.
    child.once('close', () => {
      clearTimeout(timer);
      process.off('exit', endAll);
      resolve(Buffer.concat(chunks).toString());
    });
  });
}
