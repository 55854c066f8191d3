import { expect, it } from 'vitest';
import {
  historyDocument,
  renderHistory,
  renderRecord,
} from '../../../src/cli/views/history-view.ts';
import type {
  ChangeRecord,
  RecordBegin,
  RecordLine,
  RecordOutcome,
} from '../../../src/topology/change/change-record.ts';
import type { Step, StepOutcome } from '../../../src/topology/plan/step.ts';
import { expectGolden, expectGoldenJson } from '../../support/golden.ts';

const at = Date.UTC(2026, 10, 27, 11, 6, 40);
const address = (port: number) => ({ host: '127.0.0.1', port });

function recordOf(
  command: string,
  more: {
    steps?: readonly (readonly [Step, StepOutcome | undefined])[];
    end?: { outcome: RecordOutcome; message?: string; gapMs?: number | null; lost?: 0 | null };
    minutes?: number;
  },
): ChangeRecord {
  const { steps = [], end, minutes = 0 } = more;
  const begin: RecordBegin = {
    kind: 'begin',
    schema: 'redis-repl/change-record',
    version: 1,
    id: `20261127-11${String(minutes).padStart(2, '0')}40-3f2a`,
    at: at + minutes * 60_000,
    who: 'anna@box',
    pid: 7,
    command,
    nodes: [6379, 6380].map((port) => ({
      id: `${port}`,
      name: `redis${port}`,
      address: address(port),
    })),
    before: {},
    wanted: {},
    steps: [],
    persist: false,
  };
  const run = steps.flatMap(([step, outcome], index): RecordLine[] => [
    { kind: 'step-begin', at: begin.at + index * 10, step },
    ...(outcome === undefined
      ? []
      : [{ kind: 'step-end', at: begin.at + index * 10 + 4, step, outcome } as const]),
  ]);
  const { outcome, message = null, gapMs = null, lost = 0 } = end ?? {};
  const cost = { fullResyncs: 1, writeGapMs: gapMs, lostWrites: lost };
  const last: RecordLine[] =
    outcome === undefined
      ? []
      : [{ kind: 'end', at, outcome, message, cost: message === null ? cost : null }];
  return { begin, lines: [begin, ...run, ...last], outcome };
}

const hold: Step = { kind: 'hold-writes', node: '6379' };
const follow: Step = { kind: 'follow', node: '6379', upstream: address(6380), as: 'demotion' };
const records = [
  recordOf('repl promote 6380', { end: { outcome: 'done', gapMs: 12.4 } }),
  recordOf('repl promote 6379 --force', { minutes: 6, end: { outcome: 'done', lost: null } }),
  recordOf('repl reparent 6380 6379', {
    minutes: 7,
    steps: [
      [hold, { kind: 'ok' }],
      [follow, { kind: 'failed', message: 'no answer in 5000 ms' }],
    ],
    end: { outcome: 'rolled-back', message: 'no answer in 5000 ms' },
  }),
  recordOf('repl promote 6380', {
    minutes: 9,
    steps: [
      [hold, { kind: 'ok' }],
      [follow, undefined],
    ],
  }),
];

it('lists changes, the newest next to the prompt', () => {
  expectGolden(renderHistory(records), new URL('golden/history.txt', import.meta.url));
  expect(renderHistory([])).toBe('no change was made yet\n');
});

it('shows the steps of one, and that its command died in one', () => {
  const text = records.slice(2).map(renderRecord).join('\n');
  expectGolden(text, new URL('golden/history-record.txt', import.meta.url));
});

it('is a document', () => {
  expectGoldenJson(historyDocument(records), new URL('golden/history.json', import.meta.url));
});
