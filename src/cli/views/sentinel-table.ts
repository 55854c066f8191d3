/**
 * The Sentinels below the tree: what each believes. Used by the status screen. Pure.
 *
 *     SENTINEL           WATCHES   MASTER     SEES    QUORUM  KNOWS
 *     + 127.0.0.1:26379  mymaster  redis6379  up      2 of 3  2 replicas
 *     x 127.0.0.1:26380  unreachable
 */
import { addressKey, formatAddress } from '../../instance/address.ts';
import type { Watch } from '../../instance/sentinel.ts';
import type { SentinelNode, Topology } from '../../topology/model.ts';
import type { Paint } from './paint.ts';
import { renderTable, type Column } from './table.ts';

interface Row {
  readonly sentinel: SentinelNode;
  /** Undefined for one that does not answer, or watches no master of this topology. */
  readonly watch: Watch | undefined;
}

/** Nothing where there are none. */
export function sentinelLines(topology: Topology, paint: Paint): string[] {
  const rows = topology.sentinels.flatMap((sentinel): Row[] => {
    const watches = sentinel.state.kind === 'up' ? sentinel.state.watches : [];
    return watches.length === 0
      ? [{ sentinel, watch: undefined }]
      : watches.map((watch) => ({ sentinel, watch }));
  });
  if (rows.length === 0) return [];
  return renderTable(columnsFor(topology), rows, {
    title: (line) => paint('dim', line),
    row: (line, { sentinel }) => (sentinel.state.kind === 'up' ? line : paint('red', line)),
  });
}

function columnsFor(topology: Topology): Column<Row>[] {
  const ofWatch =
    (cell: (watch: Watch) => string) =>
    ({ watch }: Row): string =>
      watch === undefined ? '-' : cell(watch);
  return [
    {
      title: 'SENTINEL',
      cell: ({ sentinel }) => `${sentinel.state.kind === 'up' ? '+' : 'x'} ${sentinel.name}`,
    },
    { title: 'WATCHES', cell: watchesText },
    { title: 'MASTER', cell: ofWatch((watch) => masterText(topology, watch)) },
    { title: 'SEES', cell: ofWatch(({ flags }) => stateFlag(flags)) },
    { title: 'QUORUM', cell: ofWatch(quorumText) },
    { title: 'KNOWS', cell: ofWatch(({ replicas }) => countText(replicas.length)) },
  ];
}

function watchesText({ sentinel, watch }: Row): string {
  if (sentinel.state.kind === 'down') return sentinel.state.failure.kind;
  return watch?.masterName ?? 'none of these';
}

function masterText({ nodes }: Topology, { master }: Watch): string {
  const key = addressKey(master);
  const node = nodes.find(({ aliases }) => aliases.some((alias) => addressKey(alias) === key));
  return node?.name ?? formatAddress(master);
}

/** `up`, or Sentinel's own word for how dead it takes its master to be. */
function stateFlag(flags: readonly string[]): string {
  return ['o_down', 's_down'].find((flag) => flags.includes(flag)) ?? 'up';
}

/** Of all Sentinels that it knows, itself among them. */
function quorumText({ quorum, sentinels }: Watch): string {
  return `${quorum} of ${sentinels.length + 1}`;
}

function countText(count: number): string {
  return count === 1 ? '1 replica' : `${count} replicas`;
}
