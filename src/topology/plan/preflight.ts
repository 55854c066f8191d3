/**
 * Can this plan be carried out at all? Every answer is read off the servers before anything is
 * changed, tried rather than assumed: each follower logs in at its new upstream, each command is
 * asked of the ACL, each announced address is dialled. Used by the change engine, which stops when
 * one answer is no. What nobody can tell without doing it is `unknown`, and does not stop a change.
 */
import type { Forecast } from './forecast.ts';
import { factsOf, nodeOf, type NodeId, type Topology, type TopologyNode } from '../model.ts';
import type { Abilities } from './planned.ts';
import { checks, type CheckName, type Finding, type Job } from './preflight-checks.ts';
import { probeNode, probePair } from './preflight-probe.ts';
import type { ConnectAs, ConnectToProbe, PairProbe, Probe } from './preflight-probe.ts';
import { nodesOfStep, type Step } from './step.ts';

export interface PreflightOptions {
  readonly topology: Topology;
  readonly steps: readonly Step[];
  readonly forecasts: readonly Forecast[];
  /** Checks whose no is known and accepted. */
  readonly skip: ReadonlySet<string>;
  /** As our own user. */
  readonly connect: ConnectToProbe;
  readonly connectAs: ConnectAs;
}

/** One answer about one node. */
export interface CheckResult extends Finding {
  readonly check: CheckName;
}

export interface Preflight {
  readonly results: readonly CheckResult[];
  /** What our user may do on each node, for the planner. */
  readonly abilities: ReadonlyMap<NodeId, Abilities>;
}

/** Asks everything, of all nodes at once. Never rejects for what servers do; changes nothing. */
export async function preflight(options: PreflightOptions): Promise<Preflight> {
  const job = await askAll(options);
  const results = checks.flatMap(({ check, judge }) => {
    if (options.skip.has(check)) return [];
    return judge(job).map((finding): CheckResult => ({ check, ...finding }));
  });
  const abilities = new Map([...job.probes].map(([id, { may }]) => [id, abilitiesOf(may)]));
  return { results, abilities };
}

async function askAll(options: PreflightOptions): Promise<Job> {
  const { topology, steps, forecasts } = options;
  const involved = [...new Set(steps.flatMap(nodesOfStep))];
  const nodes = involved.flatMap((id) => nodeOf(topology, id) ?? []);
  const pairs = pairsOf(topology, steps);
  const probes = new Map<NodeId, Probe>();
  await Promise.all(
    nodes.map(async (node) => void probes.set(node.id, await probeNode(node, options))),
  );
  const asked = pairs.map(async ({ replica, upstream }): Promise<PairProbe> => {
    const probe = probes.get(replica.id);
    const asking = probes.get(upstream.id);
    return probePair({ replica, upstream, probe, asking }, options);
  });
  return { topology, steps, forecasts, nodes, probes, pairs: await Promise.all(asked) };
}

/** Who is to follow whom: also for a moment. */
function pairsOf(
  topology: Topology,
  steps: readonly Step[],
): { replica: TopologyNode; upstream: TopologyNode }[] {
  const pairs = new Map<string, { replica: TopologyNode; upstream: TopologyNode }>();
  const add = (replicaId: NodeId, upstreamId: NodeId | undefined): void => {
    const [replica, upstream] = [replicaId, upstreamId ?? ''].map((id) => nodeOf(topology, id));
    if (factsOf(replica) === undefined || factsOf(upstream) === undefined) return;
    if (replica === undefined || upstream === undefined) return;
    pairs.set(`${replica.id} ${upstream.id}`, { replica, upstream });
  };
  for (const step of steps) {
    if (step.kind === 'await-link') add(step.node, step.of);
    if (step.kind === 'failover') add(step.node, step.to);
    if (step.kind === 'follow') {
      const { host, port } = step.upstream;
      const upstream = topology.nodes.find(
        ({ dialAddress: at }) => at.host === host && at.port === port,
      );
      add(step.node, upstream?.id);
    }
  }
  return [...pairs.values()];
}

function abilitiesOf(may: Probe['may']): Abilities {
  return {
    pauseWrites: may.get('CLIENT PAUSE'),
    failover: may.get('FAILOVER'),
    setConfig: may.get('CONFIG SET'),
  };
}
