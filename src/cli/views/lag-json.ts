/**
 * What `repl lag --json` prints, and its schema. Fields may be added within a version, never
 * changed or removed. What is unknown is null, never absent. Pure.
 */
import { formatAddress } from '../../instance/address.ts';
import type { HopLag, NodeLag } from '../../topology/lag/lag.ts';
import { nodeOf, type Topology } from '../../topology/model.ts';
import type { LagInput } from './lag-view.ts';
import {
  documentSchema,
  listOf,
  numberOrNull,
  record,
  text,
  textOrNull,
  truth,
} from './schema-parts.ts';
import { replidOf } from './status-view.ts';

const schemaName = 'redis-repl/lag';
const schemaVersion = 1;

export interface LagDocument {
  readonly schema: typeof schemaName;
  readonly version: typeof schemaVersion;
  readonly replid: string | null;
  readonly nodes: readonly NodeLagDocument[];
}

interface NodeLagDocument {
  readonly name: string;
  readonly address: string;
  readonly upstream: string | null;
  readonly sampleAgeMs: number | null;
  readonly hop: HopLagDocument | null;
  readonly top: HopLagDocument | null;
}

interface HopLagDocument {
  readonly lagMs: number | null;
  readonly errorMs: number | null;
  readonly lagBytes: number | null;
  readonly isAtLeast: boolean;
  readonly unknownBecause: string | null;
}

export function lagDocument({ topology, lags }: LagInput): LagDocument {
  return {
    schema: schemaName,
    version: schemaVersion,
    replid: replidOf(topology) ?? null,
    nodes: lags.map((lag) => nodeDocument(topology, lag)),
  };
}

function nodeDocument(
  topology: Topology,
  { node, upstream, hop, top, sampleAgeMs }: NodeLag,
): NodeLagDocument {
  return {
    name: node.name,
    address: formatAddress(node.address),
    upstream: upstream === undefined ? null : (nodeOf(topology, upstream)?.name ?? upstream),
    sampleAgeMs: sampleAgeMs === undefined ? null : Math.round(sampleAgeMs),
    hop: hopDocument(hop),
    top: hopDocument(top),
  };
}

function hopDocument(lag: HopLag | undefined): HopLagDocument | null {
  if (lag === undefined) return null;
  const isKnown = lag.kind !== 'unknown';
  return {
    lagMs: isKnown ? Math.round(lag.lagMs) : null,
    errorMs: lag.kind === 'measured' ? Math.round(lag.errorMs) : null,
    lagBytes: isKnown ? lag.lagBytes : null,
    isAtLeast: lag.kind === 'at-least',
    unknownBecause: isKnown ? null : lag.because,
  };
}

const hop = (description: string): object => ({
  ...record({
    lagMs: numberOrNull('milliseconds since the other node went past the offset of this one'),
    errorMs: numberOrNull('the truth is at most so far from lagMs; null when it is unknown'),
    lagBytes: numberOrNull('bytes that the other node has and this one has not'),
    isAtLeast: truth('the node is further behind than was looked for: lagMs is a lower bound'),
    unknownBecause: textOrNull(
      'unreachable, upstream-unreachable, foreign-history or cycle: why there is no number',
    ),
  }),
  type: ['object', 'null'],
  description,
});

/** As `repl lag --schema` prints it. */
export const lagSchema = documentSchema(
  { name: schemaName, version: schemaVersion },
  {
    replid: textOrNull('the history of the (first) master'),
    nodes: listOf(
      record({
        name: text('the name in the inventory, or host:port'),
        address: text('where repl dials the node'),
        upstream: textOrNull('name of the node that it follows'),
        sampleAgeMs: numberOrNull('age of its offset when this was printed'),
        hop: hop('against its upstream; null for a node without'),
        top: hop('against the top of its chain; null for a node without upstream'),
      }),
      'the nodes that were asked for, those above and those below them',
    ),
  },
);
