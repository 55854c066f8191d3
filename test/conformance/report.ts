/** What `npm run conformance` prints: a line a file, below it what is wrong, and the sums. */
import { row } from '../bench/figures.ts';
import { percent, type Verdict } from './compare.ts';
import type { TestResult } from './suite-output.ts';

const headings = ['passed', 'failed', 'scripting', 'excluded', '%', 'seconds'];
const fileWidth = 24;
const widths = [fileWidth, ...headings.map((heading) => Math.max(heading.length, 5))];

export function printHeader(files: readonly string[]): void {
  console.log(row([files.length === 1 ? 'file' : `${files.length} files`, ...headings], widths));
}

export function printVerdict(
  verdict: Verdict,
  unexpected: readonly TestResult[],
  unsteady: readonly string[],
): void {
  console.log(verdictRow(verdict.file, verdict));
  if (verdict.cutShort !== undefined) console.log(`  not run to its end: ${verdict.cutShort}`);
  for (const name of verdict.lost) console.log(`  no longer passes: ${name}`);
  for (const name of unsteady) console.log(`  passed at the second try: ${name}`);
  for (const { name, reason } of unexpected) {
    console.log(`  failed: ${name}`);
    for (const line of reason) console.log(`      ${line.slice(0, 200)}`);
  }
  for (const { name } of verdict.needsScripting) console.log(`  wants scripting or ACL: ${name}`);
  if (verdict.fresh.length > 0) {
    console.log(`  ${verdict.fresh.length} passed that are not recorded (--record)`);
  }
}

export function printTotal(verdicts: readonly Verdict[]): void {
  const sum = (of: (verdict: Verdict) => number): number =>
    verdicts.reduce((total, verdict) => total + of(verdict), 0);
  const total = {
    passed: sum(({ passed }) => passed),
    failed: verdicts.flatMap(({ failed }) => failed),
    needsScripting: verdicts.flatMap(({ needsScripting }) => needsScripting),
    excluded: sum(({ excluded }) => excluded),
    seconds: sum(({ seconds }) => seconds),
  };
  console.log(verdictRow('all', total));
  const lost = sum((verdict) => verdict.lost.length);
  if (lost > 0) console.log(`${lost} recorded tests no longer pass`);
}

type Figures = Pick<Verdict, 'passed' | 'failed' | 'needsScripting' | 'excluded' | 'seconds'>;

function verdictRow(name: string, figures: Figures): string {
  const cells = [
    figures.passed,
    figures.failed.length,
    figures.needsScripting.length,
    figures.excluded,
    percent(figures).toFixed(1),
    Math.round(figures.seconds),
  ];
  return row([name, ...cells.map(String)], widths);
}
