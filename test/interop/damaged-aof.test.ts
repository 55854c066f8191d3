/**
 * An append-only file with one byte changed, wherever it is: the server starts with what can be read,
 * or says which file is wrong and what to do; it never stops with a bug, and never stands still.
 * By itself it tries every fourth byte or so; FLIP_RUNS=1000 tries so many changes of each.
 */
import {
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Config } from '../../src/server/config.ts';
import { datasetDigest } from '../../src/server/digest.ts';
import { BundledServer } from '../../src/server/server.ts';
import { systemClock } from '../../src/util/clock.ts';
import { seededRandom } from '../../src/util/random.ts';
import { quietEnvironment } from '../support/quiet-environment.ts';
import { useResources } from '../support/resources.ts';
import type { RespArg } from '../support/resp-client.ts';
import { waitFor } from '../support/wait-for.ts';

const use = useResources();
const masksPerByte = Number(process.env['FLIP_RUNS'] ?? 0.25);
const timeoutMs = 60_000 + masksPerByte * 60_000;
/** Far more than a few hundred bytes take. */
const longestLoadMs = 5000;

/** Before the rewrite: they are in the base. */
const early: RespArg[][] = [
  ['SET', 'string', 'some text, some text, some text, some text'],
  ['SET', 'number', 12_345],
  ['RPUSH', 'list', 'a', 1, 'b'],
  ['HSET', 'hash', 'f', 'v', 'g', 2],
  ['SADD', 'intset', 1, 2, 300],
  ['SADD', 'set', 'a', 'b'],
  ['ZADD', 'zset', 1.5, 'a', 2, 'b'],
  ['XADD', 'stream', '1-1', 'f', 'v'],
  ['XGROUP', 'CREATE', 'stream', 'group', 0],
  ['XREADGROUP', 'GROUP', 'group', 'me', 'STREAMS', 'stream', '>'],
  ['SET', 'ends', 'v', 'PXAT', 33_000_000_000_000],
];
/** After it: in the increment. */
const late: RespArg[][] = [
  ['APPEND', 'string', '!'],
  ['INCR', 'number'],
  ['LPOP', 'list'],
  ['HDEL', 'hash', 'f'],
  ['ZINCRBY', 'zset', 3, 'a'],
  ['XADD', 'stream', '2-1', 'f', 'v'],
  ['SELECT', 3],
  ['MSET', 'x', 1, 'y', 2],
];

/** What a refusal says: which file, and what is to be done about it or what is missing. */
const refusals = [
  /^Bad file format reading the append only file \S+ at offset \d+: .*redis-check-aof --fix \S+$/,
  /^Unknown command '[^]*' reading the append only file \S+: /,
  /^Error reading the RDB preamble of the AOF file \S+, AOF loading aborted: [^]* Put back a good copy/,
  /^Unable to read the AOF file [^]*: No such file or directory\. The manifest names it: put it back/,
  /manifest/,
];

interface Files {
  readonly dir: string;
  readonly names: readonly string[];
  readonly digest: string;
}

/** A base, an increment and their manifest, as a server leaves them. */
async function makeFiles(preamble: string): Promise<Files> {
  const server = await use.server('bundled', {
    args: ['--appendonly', 'yes', '--save', '', '--aof-use-rdb-preamble', preamble],
  });
  const client = await use.client(server);
  for (const words of early) await client.must(...words);
  await client.must('BGREWRITEAOF');
  await waitFor(async () => (await server.info('aof_rewrite_in_progress')) === '0', {
    what: 'the rewrite to end',
  });
  for (const words of late) await client.must(...words);
  await client.pipeline([['MULTI'], ['INCR', 'x'], ['DEL', 'y'], ['EXEC']]);
  const digest = await server.cli('DEBUG', 'DIGEST');
  await server.stop();
  const dir = join(server.dir, 'appendonlydir');
  return { dir, names: readdirSync(dir), digest };
}

type Outcome = { readonly digest: string } | { readonly refusal: string };

/** Starts a server over a directory, in this process, and stops it again. */
async function start(dir: string): Promise<Outcome> {
  const config = Config.fromText(`appendonly yes\nsave ""\ndir ${dir}`, dir);
  const environment = quietEnvironment({ clock: systemClock, config, pid: process.pid });
  const server = new BundledServer(environment);
  try {
    await server.start();
    return { digest: datasetDigest(server.context.keyspace) };
  } catch (error) {
    if ((error as Error).constructor !== Error) throw error;
    return { refusal: (error as Error).message };
  } finally {
    server.context.aof.stop();
    server.stop();
  }
}

/** Where the changes are, and what a byte becomes. */
function* changes(bytes: Buffer, masks: () => Iterable<number>): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at++) {
    for (const mask of masks()) {
      const damaged = Buffer.from(bytes);
      damaged[at] ^= mask;
      yield damaged;
    }
  }
}

const seed = Number(process.env['FLIP_SEED'] ?? Date.now() % 1_000_000);
const random = seededRandom(seed);

function* randomMasks(): Generator<number> {
  for (let left = masksPerByte; random.float() < left; left--) {
    yield 1 + Math.floor(random.float() * 255);
  }
}

/** The lowest bit, which makes history of increments, and another one: several can make a comment of a line. */
function* randomBits(): Generator<number> {
  yield 1;
  for (let left = Math.ceil(masksPerByte); left > 0; left--)
    yield 2 << Math.floor(random.float() * 7);
}

interface Tried {
  /** How many were started from. */
  readonly started: number;
  /** What went wrong, change by change: there should be nothing. */
  readonly complaints: readonly string[];
}

/** Starts from every change of one of the files. */
async function tryAll(
  files: Files,
  part: '.base.' | '.incr.' | '.manifest',
  masks: () => Iterable<number>,
  options: { mayDiffer: boolean },
): Promise<Tried> {
  const name = files.names.find((each) => each.includes(part)) ?? part;
  const copy = await use.tempDir();
  const dir = join(copy, 'appendonlydir');
  let started = 0;
  const complaints: string[] = [];
  for (const damaged of changes(readFileSync(join(files.dir, name)), masks)) {
    rmSync(dir, { recursive: true, force: true });
    cpSync(files.dir, dir, { recursive: true });
    writeFileSync(join(dir, name), damaged);
    const startMs = performance.now();
    const outcome = await start(copy);
    const ms = performance.now() - startMs;
    if ('digest' in outcome) started++;
    const complaint = complaintOf(outcome, options.mayDiffer ? null : files.digest);
    if (complaint !== null) complaints.push(`${complaint}: ${damaged.toString('latin1')}`);
    if (ms > longestLoadMs) complaints.push(`it took ${ms} ms: ${damaged.toString('latin1')}`);
  }
  return { started, complaints };
}

function complaintOf(outcome: Outcome, wanted: string | null): string | null {
  if ('digest' in outcome) {
    return wanted === null || outcome.digest === wanted ? null : 'another data set';
  }
  const { refusal } = outcome;
  return refusals.some((words) => words.test(refusal)) ? null : `refused with '${refusal}'`;
}

describe.each(['yes', 'no'])(`with aof-use-rdb-preamble %s (FLIP_SEED=${seed})`, (preamble) => {
  test(
    'a damaged base is refused, or loads where nothing can tell',
    async () => {
      const files = await makeFiles(preamble);
      expect(await start(join(files.dir, '..'))).toEqual({ digest: files.digest });
      const mayDiffer = preamble === 'no';
      const { complaints } = await tryAll(files, '.base.', randomMasks, { mayDiffer });
      expect(complaints).toEqual([]);
    },
    timeoutMs,
  );
});

test(
  'a damaged increment is refused, cut off, or loads where nothing can tell',
  async () => {
    const files = await makeFiles('yes');
    const { complaints, started } = await tryAll(files, '.incr.', randomMasks, { mayDiffer: true });
    expect(complaints).toEqual([]);
    expect(started).toBeGreaterThan(10);
  },
  timeoutMs,
);

test(
  'a file that shrank: its base is missed, its increment leaves what it still tells',
  async () => {
    const files = await makeFiles('yes');
    const digests = new Set<string>();
    const copy = await use.tempDir();
    const dir = join(copy, 'appendonlydir');
    for (const part of ['.base.', '.incr.']) {
      const name = files.names.find((each) => each.includes(part)) ?? part;
      const { size } = statSync(join(files.dir, name));
      for (let length = size - 1; length > 0; length -= 11) {
        rmSync(dir, { recursive: true, force: true });
        cpSync(files.dir, dir, { recursive: true });
        truncateSync(join(dir, name), length);
        const outcome = await start(copy);
        if (part === '.base.')
          expect(outcome).toMatchObject({ refusal: expect.stringMatching(/preamble/) });
        else digests.add('digest' in outcome ? outcome.digest : outcome.refusal);
      }
    }
    // Commands are run whole, or not at all, and a transaction is one.
    expect(digests.size).toBeGreaterThan(5);
    expect(digests.size).toBeLessThanOrEqual(late.length + 1);
  },
  timeoutMs,
);

test(
  'a damaged manifest loses nothing, and nothing is deleted for it',
  async () => {
    const files = await makeFiles('yes');
    const { complaints } = await tryAll(files, '.manifest', randomBits, { mayDiffer: false });
    expect(complaints).toEqual([]);
  },
  timeoutMs,
);
