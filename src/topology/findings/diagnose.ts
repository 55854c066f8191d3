/**
 * What is wrong with a topology: a table of named illnesses. Each row looks at the whole topology
 * and returns what it found; a new illness is a new row, a function in findings/, and a fixture in
 * test/cases. Used by the views and the exit codes of `repl status` and `repl check`. Pure.
 */
import { findAnnouncedUnreachable, findDuplicates, findPhantoms } from './addresses.ts';
import { reachedNobody, type Finding } from './finding.ts';
import * as links from './links.ts';
import * as nodes from './nodes.ts';
import { findFencedMaster } from './fences.ts';
import { findSentinelStale } from './sentinels.ts';
import * as settings from './settings.ts';
import * as shape from './shape.ts';
import type { NodeId, Topology } from '../model.ts';

/**
 * `error` and `warning` degrade the setup; `unknown` says that we could not tell. `advice` is about
 * a bad day to come: the setup is healthy all the same.
 */
export type Severity = 'error' | 'warning' | 'unknown' | 'advice';

export interface Problem {
  readonly code: ProblemCode;
  readonly severity: Severity;
  readonly nodes: readonly NodeId[];
  /** One full sentence in plain words. */
  readonly sentence: string;
  /** The next command to type, or what to look at. */
  readonly next: string;
}

export type Verdict = 'healthy' | 'degraded' | 'unknown';

interface Rule {
  readonly code: string;
  readonly severity: Severity;
  readonly means: string;
  readonly find: (topology: Topology) => Finding[];
}

/**
 * The illnesses, the worst first.
 * code: the name in output, documents and fixtures · severity · means: for the table of codes ·
 * find: Topology → findings.
 */
const rules = [
  {
    code: 'no-master',
    severity: 'error',
    means: 'no node accepts writes',
    find: shape.findNoMaster,
  },
  {
    code: 'dual-master',
    severity: 'error',
    means: 'more nodes accept writes than are meant to',
    find: shape.findDualMaster,
  },
  {
    code: 'self',
    severity: 'error',
    means: 'a node replicates from itself',
    find: shape.findSelf,
  },
  {
    code: 'cycle',
    severity: 'error',
    means: 'nodes follow each other in a circle',
    find: shape.findCycle,
  },
  {
    code: 'fenced-master',
    severity: 'error',
    means: 'a master that was replaced while it was away has come back as one',
    find: findFencedMaster,
  },
  {
    code: 'empty-master',
    severity: 'error',
    means: 'a master has no keys, and would empty the replicas that have',
    find: links.findEmptyMaster,
  },
  {
    code: 'foreign-history',
    severity: 'error',
    means: 'a replica has data of another history, which a full copy would replace',
    find: links.findForeignHistory,
  },
  {
    code: 'unreachable',
    severity: 'error',
    means: 'a node does not answer',
    find: nodes.findUnreachable,
  },
  {
    code: 'min-replicas-unmet',
    severity: 'error',
    means: 'a master refuses writes for want of replicas',
    find: nodes.findMinReplicasUnmet,
  },
  {
    code: 'output-buffer-loop',
    severity: 'error',
    means: 'full copies break off at the output buffer limit, again and again',
    find: links.findOutputBufferLoop,
  },
  {
    code: 'link-down',
    severity: 'error',
    means: 'a replica has no link to a living upstream; says since when and why',
    find: links.findLinkDown,
  },
  {
    code: 'orphan-subtree',
    severity: 'error',
    means: 'nodes below a dead or cut-off one get nothing from the master',
    find: shape.findOrphanSubtree,
  },
  {
    code: 'never-synced-serving',
    severity: 'error',
    means: 'a replica that never had a copy answers reads',
    find: links.findNeverSyncedServing,
  },
  {
    code: 'version-skew',
    severity: 'warning',
    means: 'a replica cannot load what its upstream writes',
    find: links.findVersionSkew,
  },
  {
    code: 'sentinel-stale',
    severity: 'warning',
    means: 'a Sentinel believes what is no longer so',
    find: findSentinelStale,
  },
  {
    code: 'auth-trap',
    severity: 'warning',
    means: 'a node could not follow after a promotion: wrong or no masterauth',
    find: settings.findAuthTrap,
  },
  {
    code: 'writable-replica',
    severity: 'warning',
    means: 'a replica takes writes of its own',
    find: nodes.findWritableReplica,
  },
  {
    code: 'chain-after-failover',
    severity: 'warning',
    means: 'replicas still hang below the former master',
    find: shape.findChainAfterFailover,
  },
  {
    code: 'phantom-replica',
    severity: 'warning',
    means: 'an upstream feeds a replica at an address where nobody answers',
    find: findPhantoms,
  },
  {
    code: 'duplicate-replica',
    severity: 'warning',
    means: 'an upstream lists one replica more than once',
    find: findDuplicates,
  },
  {
    code: 'announced-unreachable',
    severity: 'warning',
    means: 'a node announces an address where nobody answers',
    find: findAnnouncedUnreachable,
  },
  {
    code: 'syncing',
    severity: 'warning',
    means: 'a replica is taking a full copy',
    find: links.findSyncing,
  },
  {
    code: 'lag-high',
    severity: 'warning',
    means: 'a replica is further behind than the backlog reaches',
    find: links.findLagHigh,
  },
  {
    code: 'config-drift',
    severity: 'warning',
    means: 'what runs differs from the inventory or from the file',
    find: (topology) => [...shape.findMoved(topology), ...settings.findFileDrift(topology)],
  },
  {
    code: 'loading',
    severity: 'unknown',
    means: 'a node is loading its data',
    find: nodes.findLoading,
  },
  {
    code: 'auth',
    severity: 'unknown',
    means: 'a node does not let us in',
    find: nodes.findAuth,
  },
  {
    code: 'rewrite-impossible',
    severity: 'advice',
    means: 'a node has no configuration file, or may not write it',
    find: settings.findRewriteImpossible,
  },
  {
    code: 'persistence-off-on-master',
    severity: 'advice',
    means: 'a restarted master would come back empty',
    find: settings.findPersistenceOff,
  },
  {
    code: 'backlog-too-small',
    severity: 'advice',
    means: 'a replica that is away for repl-timeout would need a full copy',
    find: settings.findBacklogTooSmall,
  },
] as const satisfies readonly Rule[];

export type ProblemCode = (typeof rules)[number]['code'];

/** All codes, the worst first, and what each means. */
export const problemTable: readonly {
  readonly code: ProblemCode;
  readonly severity: Severity;
  readonly means: string;
}[] = rules;

export const problemCodes: readonly ProblemCode[] = rules.map(({ code }) => code);

/** Everything that is wrong, the worst first; empty when nothing is. */
export function diagnose(topology: Topology): Problem[] {
  return rules.flatMap(({ code, severity, find }) =>
    find(topology).map(({ nodes: found, ...words }) => ({
      code,
      severity,
      nodes: found.map(({ id }) => id),
      ...words,
    })),
  );
}

/** One word for the whole: the exit code of `repl status` follows it. */
export function judge(topology: Topology, problems: readonly Problem[]): Verdict {
  if (topology.source === 'address' && reachedNobody(topology)) return 'unknown';
  if (problems.some(isTrouble)) return 'degraded';
  return problems.some(({ severity }) => severity === 'unknown') ? 'unknown' : 'healthy';
}

/** Something is wrong now, as far as we can tell. */
export function isTrouble({ severity }: Pick<Problem, 'severity'>): boolean {
  return severity === 'error' || severity === 'warning';
}
