/** The changes that were made: as a table, as the steps of one, and as a document. Pure. */
import {
  recordedTopology,
  type ChangeRecord,
  type RecordCost,
  type RecordLine,
  type RecordOutcome,
} from '../../topology/change/change-record.ts';
import type { Step } from '../../topology/plan/step.ts';
import { stepText } from './plan-view.ts';
import { renderTable, type Column } from './table.ts';
import { millisText } from './units.ts';

/** What `--json` prints; the oldest first. */
export interface HistoryDocument {
  readonly schema: 'redis-repl/history';
  readonly version: 1;
  readonly changes: readonly HistoryEntry[];
}

export interface HistoryEntry {
  readonly id: string;
  /** ISO 8601. */
  readonly at: string;
  readonly who: string;
  readonly command: string;
  readonly outcome: HistoryOutcome;
  readonly message: string | null;
  readonly cost: RecordCost | null;
  readonly steps: readonly HistoryStep[];
}

/** `unfinished`: its command ended before it could say how. */
export type HistoryOutcome = RecordOutcome | 'unfinished';

export interface HistoryStep {
  readonly step: Step;
  readonly at: string;
  /** Null when it was begun and never ended. */
  readonly outcome: 'ok' | 'pending' | 'failed' | null;
  readonly message: string | null;
  readonly tookMs: number | null;
}

export function historyDocument(records: readonly ChangeRecord[]): HistoryDocument {
  return { schema: 'redis-repl/history', version: 1, changes: records.map(toEntry) };
}

/** The table, the oldest first: what is new stands next to the prompt. */
export function renderHistory(records: readonly ChangeRecord[]): string {
  if (records.length === 0) return 'no change was made yet\n';
  const same = { title: (line: string) => line, row: (line: string) => line };
  return renderTable(columns, records.map(toEntry), same)
    .map((line) => `${line}\n`)
    .join('');
}

/** One change with its steps, those of later attempts included. */
export function renderRecord(record: ChangeRecord): string {
  const topology = recordedTopology(record.begin);
  const entry = toEntry(record);
  const head = [
    `${entry.id}  ${entry.command}`,
    `${timeText(entry.at)}, ${entry.who}: ${entry.outcome}${entry.cost === null ? '' : `, ${costText(entry)}`}`,
  ];
  const steps = entry.steps.map(
    ({ step, outcome, message, tookMs }) =>
      `${(outcome ?? 'begun').padEnd(7)} ${stepText(topology, step)}${
        message === null ? '' : `: ${message}`
      }${tookMs === null ? '' : `, ${millisText(tookMs)}`}`,
  );
  return [...head, '', ...steps].map((line) => `${line}\n`).join('');
}

const columns: readonly Column<HistoryEntry>[] = [
  { title: 'ID', cell: ({ id }) => id },
  { title: 'WHEN', cell: ({ at }) => timeText(at) },
  { title: 'WHO', cell: ({ who }) => who },
  { title: 'OUTCOME', cell: ({ outcome }) => outcome },
  { title: 'COST', cell: costText },
  { title: 'COMMAND', cell: ({ command }) => command },
];

/** In UTC: two operators who compare notes may sit in two places. */
function timeText(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 19)}Z`;
}

function costText({ cost }: HistoryEntry): string {
  if (cost === null) return '-';
  const gap = cost.writeGapMs === null ? '' : `, writes held ${millisText(cost.writeGapMs)}`;
  const lost = cost.lostWrites === 0 ? 'no write lost' : 'writes may be lost';
  const full = cost.fullResyncs === 1 ? '1 full resync' : `${cost.fullResyncs} full resyncs`;
  return `${lost}, ${full}${gap}`;
}

function toEntry({ begin, lines, outcome }: ChangeRecord): HistoryEntry {
  const end = lines.findLast((line) => line.kind === 'end');
  return {
    id: begin.id,
    at: new Date(begin.at).toISOString(),
    who: begin.who,
    command: begin.command,
    outcome: outcome ?? 'unfinished',
    message: end?.message ?? null,
    cost: end?.cost ?? null,
    steps: lines.flatMap((line, index) =>
      line.kind === 'step-begin' ? [toStep(line, lines[index + 1])] : [],
    ),
  };
}

/** Steps run one after the other: what follows a beginning is its end, or there is none. */
function toStep(
  { step, at }: Extract<RecordLine, { kind: 'step-begin' }>,
  next: RecordLine | undefined,
): HistoryStep {
  const begun = { step, at: new Date(at).toISOString() };
  if (next?.kind !== 'step-end') return { ...begun, outcome: null, message: null, tookMs: null };
  const { outcome } = next;
  const message = outcome.kind === 'ok' ? null : outcome.message;
  return { ...begun, outcome: outcome.kind, message, tookMs: next.at - at };
}
