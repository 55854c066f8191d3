/**
 * The screen of `repl lag`: how late each replica is. Pure: data → text.
 *
 *     af45d314  furthest behind: redis6381, 2.5 s ± 11 ms
 *
 *     NODE                 LAG             BEHIND   LAG TOP         BEHIND TOP  SEEN  LINK
 *     * redis6379          -               -        -               -           4 ms  -
 *     └── + redis6380      20 ms ± 11 ms   400 B    20 ms ± 11 ms   400 B       9 ms  up
 *         └── + redis6381  2.5 s ± 11 ms   50 KiB   2.5 s ± 11 ms   51 KiB      2 ms  up
 */
import type { HopLag, NodeLag, UnknownLag } from '../../topology/lag/lag.ts';
import { findAuth, findLoading, findUnreachable } from '../../topology/findings/nodes.ts';
import { depthOf, type Topology, type TopologyNode } from '../../topology/model.ts';
import type { Paint } from './paint.ts';
import { linkText, markerOf, replidOf } from './status-view.ts';
import { renderTable, type Column } from './table.ts';
import { treeRows, type TreeRow } from './tree-rows.ts';
import { bytesText } from '../../util/units.ts';
import { millisText } from './units.ts';

export interface LagInput {
  /** What is shown: the nodes that were asked for, those above and those below them. */
  readonly topology: Topology;
  readonly lags: readonly NodeLag[];
}

interface Row extends TreeRow {
  readonly lag: NodeLag | undefined;
}

/** The whole screen, with a line end after each line. */
export function renderLag(input: LagInput, paint: Paint): string {
  const sections = [[headline(input, paint)], tableLines(input, paint), unknownLines(input, paint)];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${line}\n`).join(''))
    .join('\n');
}

/** Why there is no number, as one clause about the node. */
export const unknownLagWords: Readonly<Record<UnknownLag, string>> = {
  unreachable: 'it does not answer',
  'upstream-unreachable': 'the node above it does not answer',
  'foreign-history': 'it has another history than the node above it: offsets cannot be compared',
  cycle: 'its upstreams lead back to itself: there is no top',
};

const nextCommand: Readonly<Record<UnknownLag, (name: string) => string>> = {
  unreachable: () => 'repl status',
  'upstream-unreachable': () => 'repl status',
  'foreign-history': (name) => `repl info ${name}`,
  cycle: () => 'repl status',
};

function headline({ topology, lags }: LagInput, paint: Paint): string {
  const identity = replidOf(topology)?.slice(0, 8) ?? 'no history';
  const known = lags.filter(({ top }) => top !== undefined && top.kind !== 'unknown');
  const furthest = known.toSorted((a, b) => lagMsOf(b.top) - lagMsOf(a.top)).at(0);
  if (furthest === undefined) return `${paint('bold', identity)}  no lag is known`;
  const { node, top } = furthest;
  const words =
    lagMsOf(top) === 0 ? 'nobody is behind' : `furthest behind: ${node.name}, ${lagText(top)}`;
  return `${paint('bold', identity)}  ${words}`;
}

function lagMsOf(lag: HopLag | undefined): number {
  return lag === undefined || lag.kind === 'unknown' ? 0 : lag.lagMs;
}

function tableLines({ topology, lags }: LagInput, paint: Paint): string[] {
  const lagOfNode = ({ id }: TopologyNode): NodeLag | undefined =>
    lags.find(({ node }) => node.id === id);
  const rows = treeRows(topology).map((row): Row => ({ ...row, lag: lagOfNode(row.node) }));
  return renderTable(columnsFor(topology), rows, {
    title: (line) => paint('dim', line),
    row: (line, { lag }) => {
      const isUnknown = lag?.hop?.kind === 'unknown' || lag?.top?.kind === 'unknown';
      return isUnknown ? paint('yellow', line) : line;
    },
  });
}

function columnsFor(topology: Topology): Column<Row>[] {
  const isDeep = depthOf(topology) > 1;
  return [
    { title: 'NODE', cell: (row) => `${row.glyphs}${markerOf(row, [])} ${row.node.name}` },
    { title: 'LAG', cell: ({ lag }) => lagText(lag?.hop) },
    { title: 'BEHIND', cell: ({ lag }) => behindText(lag?.hop) },
    {
      title: 'LAG TOP',
      cell: ({ lag }) => (isDeep ? lagText(lag?.top) : '-'),
      hiddenWhen: '-',
    },
    {
      title: 'BEHIND TOP',
      cell: ({ lag }) => (isDeep ? behindText(lag?.top) : '-'),
      hiddenWhen: '-',
    },
    { title: 'SEEN', cell: ({ lag }) => seenText(lag) },
    { title: 'LINK', cell: (row) => linkText(topology, row) },
  ];
}

function lagText(lag: HopLag | undefined): string {
  if (lag === undefined) return '-';
  if (lag.kind === 'unknown') return 'unknown';
  const text = millisText(lag.lagMs);
  return lag.kind === 'measured' ? `${text} ± ${millisText(lag.errorMs)}` : `over ${text}`;
}

function behindText(lag: HopLag | undefined): string {
  if (lag === undefined) return '-';
  return bytesText(lag.kind === 'unknown' ? undefined : lag.lagBytes);
}

function seenText(lag: NodeLag | undefined): string {
  return lag?.sampleAgeMs === undefined ? 'never' : millisText(lag.sampleAgeMs);
}

/** Why nodes do not answer, in the words of `repl status`; then what else keeps a lag unknown. */
function unknownLines({ topology, lags }: LagInput, paint: Paint): string[] {
  const silent = [findUnreachable, findLoading, findAuth].flatMap((find) => find(topology));
  const reasons = silent.flatMap(({ sentence, next }) => [
    paint('yellow', sentence),
    `  next: ${next}`,
  ]);
  const others = lags.flatMap(({ node, hop, top }) => {
    const unknown = [hop, top].find((lag) => lag?.kind === 'unknown');
    if (unknown?.kind !== 'unknown' || silent.some(({ nodes }) => nodes.includes(node))) return [];
    const { because } = unknown;
    return [
      `${paint('yellow', node.name)}: ${unknownLagWords[because]}`,
      `  next: ${nextCommand[because](node.name)}`,
    ];
  });
  return [...reasons, ...others];
}
