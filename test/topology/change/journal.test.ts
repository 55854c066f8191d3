import { appendFile, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  isOpen,
  type RecordBegin,
  type RecordLine,
} from '../../../src/topology/change/change-record.ts';
import {
  beginJournal,
  continueJournal,
  newChangeId,
  openRecordsOf,
  readRecords,
  stateDir,
} from '../../../src/topology/change/journal.ts';
import { useResources } from '../../support/resources.ts';
import { buildTopology } from '../build-topology.ts';

const use = useResources();
const begin: RecordBegin = {
  kind: 'begin',
  schema: 'redis-repl/change-record',
  version: 1,
  id: '20261127-110640-0001',
  at: 1_800_000_000_000,
  who: 'anna@box',
  pid: 7,
  command: 'repl promote 6380',
  nodes: [{ id: '6379', name: '6379', address: { host: '127.0.0.1', port: 6379 } }],
  before: { 6379: null, 6380: '6379' },
  wanted: { 6379: '6380', 6380: null },
  steps: [],
  persist: false,
};
const step = { kind: 'follow-no-one', node: '6380' } as const;
const begun: RecordLine = { kind: 'step-begin', at: 1, step };
const end: RecordLine = { kind: 'end', at: 2, outcome: 'done', message: null, cost: null };

function pathOf(dir: string): string {
  return join(dir, 'changes', `${begin.id}.jsonl`);
}

describe('a journal', () => {
  it('holds every line as soon as it was appended, for its owner only', async () => {
    const dir = await use.tempDir();
    const journal = beginJournal(dir, begin);
    use.defer(() => journal.close());
    journal.append(begun);
    const [record] = await readRecords(dir);
    expect(record).toEqual({ begin, lines: [begin, begun], outcome: undefined });
    expect(isOpen(record)).toBe(true);
    expect((await stat(pathOf(dir))).mode & 0o777).toBe(0o600);
  });

  it('is listed by its time, which its id tells to the second only', async () => {
    const dir = await use.tempDir();
    for (const [id, at] of [
      ['20261127-110640-ffff', 1],
      ['20261127-110640-0000', 2],
    ] as const) {
      beginJournal(dir, { ...begin, id, at }).close();
    }
    expect((await readRecords(dir)).map((record) => record.begin.at)).toEqual([1, 2]);
  });

  it('is finished with its last line, and open again when it stopped in the middle', async () => {
    const dir = await use.tempDir();
    const journal = beginJournal(dir, begin);
    journal.append({ ...end, outcome: 'incomplete', message: 'no connection' });
    journal.close();
    expect((await readRecords(dir)).map(isOpen)).toEqual([true]);
    const line = {
      kind: 'again',
      at: 3,
      who: 'b@c',
      pid: 8,
      direction: 'resume',
      steps: [],
    } as const;
    const later = continueJournal(dir, begin.id, line);
    later.append(end);
    later.close();
    expect((await readRecords(dir)).map(isOpen)).toEqual([false]);
  });

  it('goes on behind a line that was cut off', async () => {
    const dir = await use.tempDir();
    beginJournal(dir, begin).close();
    await appendFile(pathOf(dir), '{"kind":"step-be');
    const line = {
      kind: 'again',
      at: 3,
      who: 'b@c',
      pid: 8,
      direction: 'rollback',
      steps: [],
    } as const;
    continueJournal(dir, begin.id, line).close();
    const [record] = await readRecords(dir);
    expect(record.lines).toEqual([begin, line]);
  });

  it('passes over files that are none of ours, and what has no whole first line', async () => {
    const dir = await use.tempDir();
    beginJournal(dir, begin).close();
    await writeFile(join(dir, 'changes', 'x.jsonl'), '{"kind":"begin","sche');
    await writeFile(join(dir, 'changes', 'notes.txt'), 'mine');
    expect(await readRecords(dir)).toHaveLength(1);
    expect(await readRecords(join(dir, 'nowhere'))).toEqual([]);
  });

  it('is refused where it cannot be written, so that nothing is changed unrecorded', async () => {
    const dir = await use.tempDir();
    await writeFile(join(dir, 'changes'), 'a file in the way');
    expect(() => beginJournal(dir, begin)).toThrow('cannot be written down');
    expect(await readFile(join(dir, 'changes'), 'utf8')).toBe('a file in the way');
  });

  it('is never begun twice with one id', async () => {
    const dir = await use.tempDir();
    beginJournal(dir, begin).close();
    expect(() => beginJournal(dir, begin)).toThrow('cannot be written down');
    expect(await readdir(join(dir, 'changes'))).toHaveLength(1);
  });
});

describe('what was left open', () => {
  it('stands in the way of changes of the same nodes, by run id or address', async () => {
    const dir = await use.tempDir();
    beginJournal(dir, begin).close();
    const records = await readRecords(dir);
    const same = buildTopology({ nodes: { 6379: {} } });
    const restarted = { ...same, nodes: same.nodes.map((node) => ({ ...node, id: 'new' })) };
    const other = buildTopology({ nodes: { 7000: {} } });
    expect([same, restarted, other].map((seen) => openRecordsOf(records, seen).length)).toEqual([
      1, 1, 0,
    ]);
  });
});

describe('where it is kept', () => {
  it('is the lab, or the state directory of the user', () => {
    expect(stateDir('/labs/one', {})).toBe('/labs/one/.repl');
    expect(stateDir(undefined, { XDG_STATE_HOME: '/s' })).toBe('/s/redis-repl');
    expect(stateDir(undefined, { HOME: '/home/a' })).toBe('/home/a/.local/state/redis-repl');
  });

  it('is named so that names sort by time', () => {
    const at = (iso: string): string => newChangeId(Date.parse(iso), () => 0.5);
    expect(at('2026-11-27T11:06:40.123Z')).toBe('20261127-110640-8000');
    expect(at('2026-11-27T11:06:41Z') > at('2026-11-27T11:06:40Z')).toBe(true);
  });
});
