/**
 * The screen of `repl verify`: for each pair whether they hold the same, then what is different.
 * Pure: data → text.
 *
 *     different: 3 keys, in 1.2 s
 *
 *     MASTER     REPLICA    KEYS     RESULT
 *     redis6379  redis6380  20,000   equal
 *     redis6379  redis6381  20,000   3 different
 *
 *     redis6381, against redis6379
 *     KEY        DIFFERENCE  ON MASTER  ON REPLICA
 *     string:7   missing     string     -
 */
import type { RefusedPair, VerifyPair } from '../../topology/verify/pairs.ts';
import type { Difference } from '../../topology/verify/suspects.ts';
import type { PairResult, VerifyProgress } from '../../topology/verify/verify-pair.ts';
import { countText, keysText } from '../../util/units.ts';
import type { VerifyOutcome } from '../run-verify.ts';
import { shownKey } from './key-text.ts';
import type { Paint } from './paint.ts';
import { renderTable, type Column } from './table.ts';
import { millisText, secondsText } from './units.ts';

export interface VerifyViewOptions {
  /** How many different keys of a pair are listed. */
  readonly show: number;
}

/** The whole screen, with a line end after each line. */
export function renderVerify(
  outcome: VerifyOutcome,
  paint: Paint,
  { show }: VerifyViewOptions,
): string {
  const { results, refused } = outcome;
  const different = results.filter(({ differences }) => differences.length > 0);
  // One dead master is the reason for all of its replicas.
  const reasons = [...new Set(refused.map(({ because }) => because))];
  const sections = [
    [headline(outcome, paint)],
    pairLines(outcome, paint),
    ...different.map((result) => differenceLines(result, paint, show)),
    ...results.map((result) => remarks(result, paint)),
    ...reasons.map((because) => [paint('yellow', because), '  next: repl status']),
    ...(outcome.isStopped ? [['stopped; --resume goes on from here']] : []),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${line}\n`).join(''))
    .join('\n');
}

/** `redis6379 → redis6381: 41 %, 52,000 keys/s, 12 s left, 3 different`. */
export function progressText(
  { master, replica }: VerifyPair,
  { doneKeys, totalKeys, differences }: VerifyProgress,
  keysPerSecond: number | undefined,
): string {
  const share = totalKeys === 0 ? 1 : Math.min(1, doneKeys / totalKeys);
  const leftSeconds =
    keysPerSecond === undefined ? undefined : Math.max(0, totalKeys - doneKeys) / keysPerSecond;
  return [
    `${master.name} → ${replica.name}: ${Math.floor(100 * share)} %`,
    ...(keysPerSecond === undefined ? [] : [`${countText(Math.round(keysPerSecond))} keys/s`]),
    ...(leftSeconds === undefined ? [] : [`${secondsText(Math.ceil(leftSeconds))} left`]),
    ...(differences === 0 ? [] : [`${countText(differences)} different`]),
  ].join(', ');
}

function headline({ results, verdict }: VerifyOutcome, paint: Paint): string {
  const differences = results.reduce((sum, result) => sum + result.differences.length, 0);
  const elapsedMs = results.reduce((sum, result) => sum + result.elapsedMs, 0);
  const words = {
    equal: paint('green', 'equal'),
    different: `${paint('red', 'different')}: ${keysText(differences)}`,
    unknown: paint('yellow', 'could not tell'),
  };
  return `${words[verdict]}, in ${millisText(elapsedMs)}`;
}

type PairRow = { readonly pair: Pick<VerifyPair, 'master' | 'replica'> } & (
  | { readonly result: PairResult }
  | { readonly refused: RefusedPair }
);

const pairColumns: readonly Column<PairRow>[] = [
  { title: 'MASTER', cell: ({ pair }) => pair.master.name },
  { title: 'REPLICA', cell: ({ pair }) => pair.replica.name },
  { title: 'KEYS', cell: (row) => ('result' in row ? keyCounts(row.result) : '-') },
  { title: 'RESULT', cell: (row) => ('result' in row ? resultText(row.result) : 'not compared') },
];

function pairLines({ results, refused }: VerifyOutcome, paint: Paint): string[] {
  const rows: PairRow[] = [
    ...results.map((result) => ({ pair: result.pair, result })),
    ...refused.map((each) => ({ pair: each, refused: each })),
  ];
  return renderTable(pairColumns, rows, {
    title: (line) => paint('dim', line),
    row: (line, row) => {
      if (!('result' in row)) return paint('yellow', line);
      return row.result.differences.length > 0 ? paint('red', line) : line;
    },
  });
}

/** Under writes the two walks need not meet the same number of keys. */
function keyCounts({ masterKeys, replicaKeys }: PairResult): string {
  if (masterKeys === replicaKeys) return countText(masterKeys);
  return `${countText(masterKeys)} / ${countText(replicaKeys)}`;
}

function resultText({ differences, unsettled, uncomparedTypes, end }: PairResult): string {
  const isSure = unsettled.length === 0 && uncomparedTypes.length === 0;
  const found = differences.length === 0 ? [] : [`${countText(differences.length)} different`];
  if (end.kind === 'complete') return found.at(0) ?? (isSure ? 'equal' : 'could not tell');
  const how = { 'too-many': 'looked no further', stopped: 'stopped', failed: 'broken off' };
  return [...found, how[end.kind]].join(', ');
}

function differenceLines(result: PairResult, paint: Paint, show: number): string[] {
  const { pair, differences } = result;
  const rows = differences.slice(0, show);
  const rest = differences.length - rows.length;
  const table =
    rows.length === 0
      ? []
      : renderTable(differenceColumns, rows, {
          title: (line) => paint('dim', line),
          row: (line) => line,
        });
  return [
    paint('bold', `${pair.replica.name}, against ${pair.master.name}`),
    ...table,
    ...(rest === 0 ? [] : [`and ${countText(rest)} more: --show ${differences.length}, or --json`]),
  ];
}

const differenceColumns: readonly Column<Difference>[] = [
  { title: 'KEY', cell: ({ key }) => shownKey(key) },
  { title: 'DB', cell: ({ db }) => String(db), hiddenWhen: '0' },
  { title: 'DIFFERENCE', cell: ({ difference }) => difference },
  {
    title: 'ON MASTER',
    cell: (each) => sideText(each, each.masterType, each.masterExpireAtMs),
  },
  {
    title: 'ON REPLICA',
    cell: (each) => sideText(each, each.replicaType, each.replicaExpireAtMs),
  },
];

function sideText({ difference }: Difference, type: string, expireAtMs: number | null): string {
  if (type === 'none') return '-';
  if (difference !== 'ttl') return type;
  return expireAtMs === null ? `${type}, stays` : `${type}, until ${dateText(expireAtMs)}`;
}

/** A time that no date can hold is shown as the number that it is. */
function dateText(unixMs: number): string {
  const date = new Date(unixMs);
  return Number.isNaN(date.getTime()) ? `${unixMs} ms` : date.toISOString();
}

const resumeHint = 'repl verify --resume goes on from there; --wait and --timeout give more time';

/** All that is asked of a node: what verify reads with, and when. */
const rightsHint =
  'give the user what verify reads with: ACL SETUSER … ~* +@read +@transaction +info +role +time +select';

function remarks(result: PairResult, paint: Paint): string[] {
  const { pair, end, unsettled, uncomparedTypes } = result;
  const who = `${pair.replica.name}, against ${pair.master.name}`;
  const lines: string[] = [];
  if (end.kind === 'failed') {
    lines.push(`${paint('red', who)}: ${end.node.name}: ${end.failure.message}`);
    lines.push(`  next: ${end.failure.kind === 'auth' ? rightsHint : resumeHint}`);
  }
  if (unsettled.length > 0) {
    const names = unsettled.slice(0, 3).map(({ key }) => shownKey(key));
    lines.push(
      `${paint('yellow', who)}: ${keysText(unsettled.length)} could not be compared, or changed whenever we looked: ${names.join(', ')}`,
    );
    lines.push('  next: repl verify again, when they are written less');
  }
  if (uncomparedTypes.length > 0) {
    lines.push(`${paint('yellow', who)}: types not compared: ${uncomparedTypes.join(', ')}`);
  }
  if (!pair.hasFence) {
    lines.push(`${who}: no common history: differences may be what is still on its way`);
  }
  return lines;
}
