/**
 * The words that `repl init` takes: who listens where and follows whom. Pure.
 *
 *   word     := PORT | PORT:UPSTREAM      6380 · 6381:6380
 *   master   := the first word without an upstream
 *   others without an upstream follow the master; `6381:6380` makes a chain
 */
import { findCycle } from '../topology/spec.ts';
import type { Refusal } from './refusal.ts';

/** A port, and the port that it follows; undefined for the master. */
export interface PortPlan {
  readonly port: number;
  readonly upstreamPort: number | undefined;
}

export type PortWordsResult =
  | { readonly kind: 'ok'; readonly plans: readonly PortPlan[] }
  | { readonly kind: 'refused'; readonly refusals: readonly Refusal[] };

/** What the words mean, in their order, or all that is wrong with them. `words` is not empty. */
export function parsePortWords(words: readonly string[]): PortWordsResult {
  const parsed = words.map(parseWord);
  const invalid = parsed.flatMap((word, index) => (word === undefined ? [words[index]] : []));
  if (invalid.length > 0) return refuse(invalid.map(invalidPort));

  const typed = parsed.filter((word) => word !== undefined);
  const master = typed.find((word) => word.upstreamPort === undefined)?.port;
  const plans = typed.map(({ port, upstreamPort }) => ({
    port,
    upstreamPort: upstreamPort ?? (port === master ? undefined : master),
  }));
  const refusals = [...duplicates(plans), ...unknownUpstreams(plans)];
  if (refusals.length === 0) refusals.push(...cycles(plans));
  return refusals.length === 0 ? { kind: 'ok', plans } : refuse(refusals);
}

function parseWord(word: string): PortPlan | undefined {
  const match = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(word);
  if (match === null) return undefined;
  const port = Number(match[1]);
  const upstreamPort = match[2] === undefined ? undefined : Number(match[2]);
  if (!isPort(port) || (upstreamPort !== undefined && !isPort(upstreamPort))) return undefined;
  return { port, upstreamPort };
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

function refuse(refusals: readonly Refusal[]): PortWordsResult {
  return { kind: 'refused', refusals };
}

function invalidPort(word: string): Refusal {
  return {
    kind: 'invalid-port',
    message: `"${word}" is not a port`,
    hint: 'ports are 1 to 65535; 6381:6380 makes 6381 a replica of 6380',
  };
}

function duplicates(plans: readonly PortPlan[]): Refusal[] {
  const ports = plans.map(({ port }) => port);
  const twice = new Set(ports.filter((port, index) => ports.indexOf(port) !== index));
  return [...twice].map((port) => ({
    kind: 'duplicate-port',
    message: `port ${port} is given twice`,
    hint: 'give every node a port of its own',
  }));
}

function unknownUpstreams(plans: readonly PortPlan[]): Refusal[] {
  const ports = new Set(plans.map(({ port }) => port));
  return plans
    .filter(({ upstreamPort }) => upstreamPort !== undefined && !ports.has(upstreamPort))
    .map(({ port, upstreamPort }) => ({
      kind: 'unknown-upstream',
      message: `${port} is to follow ${upstreamPort}, which is not a node of this lab`,
      hint: `add ${upstreamPort} to the ports, or follow one of ${[...ports].join(', ')}`,
    }));
}

function cycles(plans: readonly PortPlan[]): Refusal[] {
  const cycle = findCycle(
    plans.map(({ port, upstreamPort }) => ({
      name: String(port),
      replicaof: upstreamPort?.toString(),
    })),
  );
  if (cycle === undefined) return [];
  const circle = [...cycle, cycle[0]].join(' → ');
  return [
    {
      kind: 'cycle',
      message: `nodes would follow each other in a circle: ${circle}`,
      hint: `leave one of them without an upstream, it becomes the master: ${cycle[0]}`,
    },
  ];
}
