/**
 * What `repl check` prints: every finding, the worst first, and the table of codes. Pure.
 *
 *     3 nodes: 1 problem, 1 advice
 *
 *     link-down  error  redis6381
 *       redis6381 lost its link to redis6379 12 s ago: …
 *       next: look at the network between them, and the log of redis6381
 */
import { problemTable, type Problem, type ProblemCode } from '../../topology/findings/diagnose.ts';
import { nodeOf, type Topology } from '../../topology/model.ts';
import type { Paint } from './paint.ts';
import { problemSchema } from './problem-schema.ts';
import { documentSchema, listOf } from './schema-parts.ts';
import { renderTable } from './table.ts';

export interface CheckInput {
  readonly topology: Topology;
  readonly findings: readonly Problem[];
  /** Those that were asked for; none means all. */
  readonly codes: readonly ProblemCode[];
  readonly outcome: 'none' | 'found' | 'unknown';
}

const schemaName = 'redis-repl/check';
const schemaVersion = 1;

export interface CheckDocument {
  readonly schema: typeof schemaName;
  readonly version: typeof schemaVersion;
  readonly outcome: CheckInput['outcome'];
  readonly codes: readonly ProblemCode[] | null;
  readonly nodes: readonly string[];
  readonly findings: readonly (Omit<Problem, 'nodes'> & { readonly nodes: readonly string[] })[];
}

export function renderCheck(input: CheckInput, paint: Paint): string {
  const blocks = input.findings.map((finding) => findingLines(input, finding, paint));
  return [[summaryLine(input)], ...blocks]
    .map((lines) => lines.map((line) => `${line}\n`).join(''))
    .join('\n');
}

function summaryLine({ topology, findings, codes, outcome }: CheckInput): string {
  const advice = findings.filter(({ severity }) => severity === 'advice').length;
  const unknown = findings.filter(({ severity }) => severity === 'unknown').length;
  const problems = findings.length - advice - unknown;
  const parts = [
    ...(problems > 0 ? [count(problems, 'problem')] : []),
    ...(unknown > 0 ? [`${unknown} could not be told`] : []),
    ...(advice > 0 ? [`${advice} advice`] : []),
  ];
  const none = outcome === 'unknown' ? 'could not tell' : `no ${codes.join(', ') || 'problem'}`;
  return `${count(topology.nodes.length, 'node')}: ${parts.join(', ') || none}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function findingLines({ topology }: CheckInput, finding: Problem, paint: Paint): string[] {
  const { code, severity, sentence, next } = finding;
  const names = namesOf(topology, finding);
  const colour = severity === 'error' ? 'red' : severity === 'advice' ? 'dim' : 'yellow';
  return [
    `${paint(colour, `${code}  ${severity}`)}  ${names.join(', ')}`.trimEnd(),
    `  ${sentence}`,
    `  next: ${next}`,
  ];
}

function namesOf(topology: Topology, { nodes }: Problem): string[] {
  return nodes.map((id) => nodeOf(topology, id)?.name ?? id);
}

export function checkDocument(input: CheckInput): CheckDocument {
  const { topology, findings, codes, outcome } = input;
  return {
    schema: schemaName,
    version: schemaVersion,
    outcome,
    codes: codes.length === 0 ? null : codes,
    nodes: topology.nodes.map(({ name }) => name),
    findings: findings.map((finding) => ({ ...finding, nodes: namesOf(topology, finding) })),
  };
}

/** The JSON schema of `repl check --json`. */
export const checkSchema = documentSchema(
  { name: schemaName, version: schemaVersion },
  {
    outcome: { enum: ['none', 'found', 'unknown'], description: 'exit code 0, 3, 1' },
    codes: {
      type: ['array', 'null'],
      items: { type: 'string' },
      description: 'the codes that were asked for; null: all',
    },
    nodes: listOf({ type: 'string' }, 'names of all nodes that were found'),
    findings: listOf(problemSchema, 'the worst first'),
  },
);

/** `repl check --codes`. */
export function renderCodes(paint: Paint): string {
  const columns = [
    { title: 'CODE', cell: ({ code }: (typeof problemTable)[number]) => code },
    { title: 'SEVERITY', cell: ({ severity }: (typeof problemTable)[number]) => severity },
    { title: 'MEANS', cell: ({ means }: (typeof problemTable)[number]) => means },
  ];
  const lines = renderTable(columns, problemTable, {
    title: (line) => paint('dim', line),
    row: (line) => line,
  });
  return lines.map((line) => `${line}\n`).join('');
}

export function codesDocument(): object {
  const codes = problemTable.map(({ code, severity, means }) => ({ code, severity, means }));
  return { schema: 'redis-repl/codes', version: 1, codes };
}
