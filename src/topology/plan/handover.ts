/**
 * How a live master can hand over: by our own steps, by the server's FAILOVER, or not without loss.
 * That depends on its version and on what our user may do there. Used by plan-draft.ts. Pure.
 */
import { addressKey, type Address } from '../../instance/address.ts';
import { compareVersions, parseVersion } from '../../instance/version.ts';
import { factsOf, type NodeId, type Topology, type TopologyNode } from '../model.ts';
import { refuse, type PlanOptions, type Refused } from './planned.ts';
import { heldPingPeriod } from './step.ts';

/** The first Redis with CLIENT PAUSE … WRITE and with FAILOVER. Valkey has had both from the start. */
const holdsSince = parseVersion('6.2.0');

/** What a server is set to by default, for one that a broken-off change has left without PINGs. */
const defaultPingPeriod = 10;

export type Handover =
  /** `period` of the PINGs to go back to; undefined where they cannot be held. */
  | { readonly kind: 'steps'; readonly holds: boolean; readonly period: number | undefined }
  | { readonly kind: 'failover' }
  | Refused;

export function handoverOf(old: TopologyNode, options: PlanOptions): Handover {
  const abilities = options.abilities?.get(old.id);
  const isOld = isBeforeHolding(old);
  const period = abilities?.setConfig === false ? undefined : pingPeriodOf(old);
  if (!isOld && abilities?.pauseWrites !== false) return { kind: 'steps', holds: true, period };
  if (!isOld && abilities?.failover !== false) return { kind: 'failover' };
  if (options.allowLoss === true) return { kind: 'steps', holds: false, period };
  const why = isOld
    ? `is ${factsOf(old)?.version ?? 'too old'}, before 6.2`
    : 'allows our user neither CLIENT PAUSE nor FAILOVER';
  const message = `${old.name} ${why}: its writes cannot be held, and those of a few milliseconds would be lost.`;
  return refuse('cannot-hold', message, 'stop the writers and add --allow-loss');
}

export function unheldText(old: TopologyNode): string {
  return `The writes of ${old.name} cannot be held: what it acknowledges during the switchover is lost.`;
}

export function pingsText(old: TopologyNode): string {
  return `The PINGs of ${old.name} cannot be held (CONFIG SET): one at the wrong moment costs a full copy.`;
}

/** Nodes without PINGs, which a broken-off change has left behind, and the period to go back to. */
export function leftHeld({ nodes }: Topology): [NodeId, number][] {
  const isHeld = (node: TopologyNode): boolean =>
    factsOf(node)?.settings.replPingReplicaPeriod === heldPingPeriod;
  return nodes.filter(isHeld).map(({ id }) => [id, defaultPingPeriod]);
}

/** How the master lists the replica: FAILOVER takes no other spelling of its address. */
export function listedAddress(old: TopologyNode, target: TopologyNode): Address {
  const known = [...target.aliases, target.dialAddress].map(addressKey);
  const lines = factsOf(old)?.replication.replicas ?? [];
  const line = lines.find((each) => known.includes(addressKey(each)));
  if (line !== undefined) return { host: line.host, port: line.port };
  const { host, port } = target.dialAddress;
  const { replicaAnnounceIp, replicaAnnouncePort } = factsOf(target)?.settings ?? {};
  return { host: replicaAnnounceIp ?? host, port: replicaAnnouncePort ?? port };
}

function pingPeriodOf(node: TopologyNode): number | undefined {
  const period = factsOf(node)?.settings.replPingReplicaPeriod;
  return period === heldPingPeriod ? defaultPingPeriod : period;
}

function isBeforeHolding(node: TopologyNode): boolean {
  const facts = factsOf(node);
  if (facts?.product !== 'redis' || facts.serverVersion === undefined) return false;
  return holdsSince !== undefined && compareVersions(facts.serverVersion, holdsSince) < 0;
}
