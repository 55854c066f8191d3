/**
 * The status screen: what the topology is, whether it is well, the tree, and what to do.
 * Pure: data → text. Used by `repl status`, by init and by the before/after view.
 *
 *     6f4f611c  degraded, 3 nodes, depth 1, worst: link-down
 *     writes to   127.0.0.1:6379
 *     reads from  127.0.0.1:6380
 *
 *     NODE        BEHIND  SEEN  LINK       ROLE     OFFSET
 *     * 6379      -       2 ms  -          master   1234       * the writer   + fine   ! a problem
 *     ├── + 6380  0 B     2 ms  up         replica  1234       x dead   ? would not say
 *     └─x ! 6381  400 B   2 ms  down 12 s  replica  834        ─ up  ~ on its way  x down  ? unknown
 */
import { formatAddress } from '../../instance/address.ts';
import type { Problem, Verdict } from '../../topology/findings/diagnose.ts';
import { isDrifted } from '../../topology/findings/shape.ts';
import {
  depthOf,
  factsOf,
  isLiveMaster,
  lagFromTopBytes,
  linkOf,
  nodeOf,
  pathUp,
} from '../../topology/model.ts';
import type { Link, NodeId, Topology, TopologyNode } from '../../topology/model.ts';
import type { Paint } from './paint.ts';
import { sentinelLines } from './sentinel-table.ts';
import { renderTable, type Column } from './table.ts';
import { treeRows, type TreeRow } from './tree-rows.ts';
import { bytesText } from '../../util/units.ts';
import { millisText, secondsText } from './units.ts';

export interface StatusInput {
  readonly topology: Topology;
  readonly problems: readonly Problem[];
  readonly verdict: Verdict;
  /** Unix milliseconds, for the age of the samples. */
  readonly nowMs: number;
}

/** Shortened, a replication id is still unique enough to be recognised. */
const shortReplidChars = 8;

/** The whole screen, with a line end after each line. */
export function renderStatus(input: StatusInput, paint: Paint): string {
  const sections = [
    [identityLine(input, paint), ...addressLines(input.topology)],
    treeLines(input, paint),
    sentinelLines(input.topology, paint),
    ...input.problems.map((problem) => problemLines(problem, paint)),
  ].filter((lines) => lines.length > 0);
  return sections.map((lines) => lines.map((line) => `${line}\n`).join('')).join('\n');
}

/** Only the tree, for the view before and after a change. */
export function renderTree(input: StatusInput, paint: Paint): string {
  return treeLines(input, paint)
    .map((line) => `${line}\n`)
    .join('');
}

/** Where applications write and read. A replica cut off from the master still serves what it had. */
export interface ApplicationAddresses {
  readonly writesTo: string[];
  readonly readsFrom: string[];
  readonly staleReadsFrom: string[];
}

export function applicationAddresses(topology: Topology): ApplicationAddresses {
  const addressesOf = (nodes: readonly TopologyNode[]): string[] =>
    nodes.map(({ address }) => formatAddress(address));
  const readable = topology.nodes.filter(({ id }) => {
    const state = linkOf(topology, id)?.state;
    return state === 'up' || state === 'down';
  });
  return {
    writesTo: addressesOf(topology.nodes.filter(isLiveMaster)),
    readsFrom: addressesOf(readable.filter(({ id }) => isFedByMaster(topology, id))),
    staleReadsFrom: addressesOf(readable.filter(({ id }) => !isFedByMaster(topology, id))),
  };
}

/** Every link up to a live master is up: what is written arrives. */
function isFedByMaster(topology: Topology, id: NodeId): boolean {
  const path = pathUp(topology, id);
  const top = nodeOf(topology, path.at(-1) ?? id);
  const links = path.slice(0, -1).map((each) => linkOf(topology, each));
  return top !== undefined && isLiveMaster(top) && links.every((link) => link?.state === 'up');
}

/** The history that the topology shares: that of its first master, or of any node that answers. */
export function replidOf(topology: Topology): string | undefined {
  const node = topology.nodes.find(isLiveMaster) ?? topology.nodes.find(factsOf);
  return factsOf(node)?.replication.masterReplid;
}

function identityLine({ topology, problems, verdict }: StatusInput, paint: Paint): string {
  const identity = replidOf(topology)?.slice(0, shortReplidChars) ?? 'no history';
  const count = topology.nodes.length;
  const facts = [
    paint(verdict === 'healthy' ? 'green' : 'red', verdictWords[verdict]),
    `${count} ${count === 1 ? 'node' : 'nodes'}`,
    `depth ${depthOf(topology)}`,
    ...worstWords(problems),
  ];
  return `${paint('bold', identity)}  ${facts.join(', ')}`;
}

/** Advice is named where nothing is worse; it makes nobody ill. */
function worstWords(problems: readonly Problem[]): string[] {
  const worst = problems.find(({ severity }) => severity !== 'advice');
  if (worst !== undefined) return [`worst: ${worst.code}`];
  return problems.length === 0 ? [] : [`advice: ${problems[0].code}`];
}

const verdictWords: Record<Verdict, string> = {
  healthy: 'healthy',
  degraded: 'degraded',
  unknown: 'could not tell',
};

function addressLines(topology: Topology): string[] {
  const { writesTo, readsFrom, staleReadsFrom } = applicationAddresses(topology);
  const list = (addresses: readonly string[]): string => addresses.join(', ') || 'nowhere';
  const stale = staleReadsFrom.length === 0 ? [] : [`stale at    ${list(staleReadsFrom)}`];
  return [`writes to   ${list(writesTo)}`, `reads from  ${list(readsFrom)}`, ...stale];
}

function treeLines(input: StatusInput, paint: Paint): string[] {
  const { topology } = input;
  return renderTable(columnsFor(input), treeRows(topology), {
    title: (line) => paint('dim', line),
    row: (line, { node, link }) => {
      const colour = {
        '*': 'bold',
        '+': undefined,
        '!': 'yellow',
        x: 'red',
        '?': 'yellow',
      } as const;
      const name = colour[markerOf({ node, link }, input.problems)];
      return name === undefined ? line : paint(name, line);
    },
  });
}

function columnsFor({ topology, problems, nowMs }: StatusInput): Column<TreeRow>[] {
  const isDeep = depthOf(topology) > 1;
  const versions = new Set(topology.nodes.map(versionText).filter((text) => text !== 'unknown'));
  return [
    {
      title: 'NODE',
      cell: ({ node, link, glyphs }) =>
        `${glyphs}${markerOf({ node, link }, problems)} ${node.name}`,
    },
    { title: 'ADDRESS', cell: ({ node }) => addressText(node), hiddenWhen: '-' },
    { title: 'BEHIND', cell: ({ link }) => (link === undefined ? '-' : bytesText(link.lagBytes)) },
    {
      title: 'BEHIND TOP',
      cell: ({ node, link }) =>
        isDeep && link !== undefined ? bytesText(lagFromTopBytes(topology, node.id)) : '-',
      hiddenWhen: '-',
    },
    { title: 'SEEN', cell: ({ node }) => ageText(node, nowMs) },
    { title: 'LINK', cell: ({ node, link }) => linkText(topology, { node, link }) },
    { title: 'ROLE', cell: ({ node }) => factsOf(node)?.replication.role ?? 'unknown' },
    {
      title: 'OFFSET',
      cell: ({ node }) => String(factsOf(node)?.replication.masterReplOffset ?? 'unknown'),
    },
    { title: 'EXPECTED', cell: ({ node }) => expectedText(topology, node), hiddenWhen: 'as it is' },
    { title: 'TAKES WRITES', cell: ({ node }) => writableText(node), hiddenWhen: '-' },
    {
      title: 'VERSION',
      cell: ({ node }) => (versions.size > 1 ? versionText(node) : '-'),
      hiddenWhen: '-',
    },
  ];
}

type Marker = '*' | '+' | '!' | 'x' | '?';

/** Exactly one marker per node; the writer's is its alone. */
export function markerOf(
  { node, link }: Omit<TreeRow, 'glyphs'>,
  problems: readonly Problem[],
): Marker {
  if (node.state.kind === 'down') {
    const { kind } = node.state.failure;
    return kind === 'auth' || kind === 'loading' ? '?' : 'x';
  }
  if (isLiveMaster(node)) return '*';
  const isNamed = problems.some(
    ({ severity, nodes }) => severity !== 'advice' && nodes.includes(node.id),
  );
  const isFine = link?.state === 'up' && !isNamed;
  return isFine ? '+' : '!';
}

/** Only where the name does not say it already. */
function addressText({ name, address }: TopologyNode): string {
  const text = formatAddress(address);
  const isObvious = address.host === '127.0.0.1' && name.endsWith(String(address.port));
  return name === text || isObvious ? '-' : text;
}

function ageText({ state }: TopologyNode, nowMs: number): string {
  return state.kind === 'up' ? millisText(nowMs - state.facts.sampledAtMs) : 'never';
}

/** The state of a node's link, or why the node does not answer. */
export function linkText(topology: Topology, { node, link }: Omit<TreeRow, 'glyphs'>): string {
  if (node.state.kind === 'down') return node.state.failure.kind;
  if (link === undefined) return '-';
  const isCycleEntry = pathUp(topology, link.upstream).includes(link.replica);
  const state = linkStateText(link);
  if (!isCycleEntry) return state;
  const above = topology.nodes.find(({ id }) => id === link.upstream);
  return `${state}, to ${above?.name ?? 'itself'}`;
}

function linkStateText(link: Link): string {
  const { state, downSinceSeconds, syncReadBytes, syncTotalBytes } = link;
  if (state === 'down' && downSinceSeconds !== undefined)
    return `down ${secondsText(downSinceSeconds)}`;
  if (state === 'connecting') return 'never up';
  if (state === 'syncing' && syncReadBytes !== undefined && syncTotalBytes !== undefined) {
    return `copying ${Math.floor((100 * syncReadBytes) / syncTotalBytes)} %`;
  }
  return state === 'syncing' ? 'copying' : state;
}

function expectedText(topology: Topology, node: TopologyNode): string {
  if (!isDrifted(topology, node)) return 'as it is';
  const upstream = node.expected?.upstreamName;
  return upstream === undefined ? 'master' : `replica of ${upstream}`;
}

function writableText(node: TopologyNode): string {
  return factsOf(node)?.replication.upstream?.readOnly === false ? 'yes' : '-';
}

function versionText(node: TopologyNode): string {
  const facts = factsOf(node);
  return facts === undefined ? 'unknown' : `${facts.product} ${facts.version}`;
}

function problemLines({ code, sentence, next, severity }: Problem, paint: Paint): string[] {
  const colour = { error: 'red', warning: 'yellow', unknown: 'yellow', advice: 'dim' } as const;
  return [`${paint(colour[severity], code)}: ${sentence}`, `  next: ${next}`];
}
