/**
 * From what each address answered to one topology. A node is known by its run id, so that
 * `localhost`, `127.0.0.1`, a proxy and an announced address end up as one node. Dead nodes keep
 * their place: where the inventory puts them, where an upstream lists them, or above those who say
 * that they follow them. Used by discover.ts only. No I/O, no clock.
 */
import {
  addressKey,
  asSeenFrom,
  formatAddress,
  isLoopback,
  isSocket,
  type Address,
} from '../../instance/address.ts';
import type { InstanceReport } from '../../instance/report.ts';
import type { Secret } from '../../instance/secret.ts';
import type { Watch } from '../../instance/sentinel.ts';
import type { UpstreamInfo } from '../../protocol/info.ts';
import { lagBetween, type Link, type LinkState } from '../model.ts';
import type { NodeFacts, NodeId, Topology, TopologyNode } from '../model.ts';
import { assembleSentinels, isSentinel } from './assemble-sentinels.ts';
import { withoutStaleCircles } from './stale-circles.ts';
import type { Seed, Visit } from './visit.ts';

/** A node while it is put together: all visits that turned out to be the same server. */
interface Draft {
  readonly id: NodeId;
  /** The visit that names the node: that of the inventory, or else the first. */
  readonly visit: Visit;
  readonly report: InstanceReport | undefined;
  readonly aliases: Address[];
  readonly silentAliases: Address[];
}

/** The topology. Visits of one run id become one node; every link's upstream is a node. */
export function assembleTopology(visits: readonly Visit[], source: Topology['source']): Topology {
  const drafts = mergeUnansweredAliases(mergeByRunId(visits.filter((visit) => !isSentinel(visit))));
  const watches = visits.flatMap((visit) => visit.watches ?? []);
  const links = withoutStaleCircles(
    drafts.flatMap((draft) => linkFor(draft, drafts, watches) ?? []),
  );
  const secrets: Secret[] = [];
  const nodes = drafts.map((draft) => toNode(draft, secrets));
  return { source, nodes, links, sentinels: assembleSentinels(visits.filter(isSentinel), nodes) };
}

function mergeByRunId(visits: readonly Visit[]): Draft[] {
  const byId = new Map<NodeId, Draft>();
  for (const visit of bestFirst(visits)) {
    const report = visit.outcome.kind === 'ok' ? visit.outcome.value : undefined;
    const id = report?.runId || addressKey(visit.seed.address);
    const draft = byId.get(id);
    if (draft === undefined) {
      byId.set(id, { id, visit, report, aliases: addressesOf(visit.seed), silentAliases: [] });
    } else draft.aliases.push(...addressesOf(visit.seed));
  }
  return inReadingOrder([...byId.values()], visits);
}

function addressesOf({ address, aliases = [] }: Seed): Address[] {
  return [address, ...aliases];
}

/**
 * The best address of each node first, for that one gives the name: the inventory's, then what was
 * typed, then the server's own port; others are proxies and mappings.
 */
function bestFirst(visits: readonly Visit[]): Visit[] {
  const worth = (visit: Visit): number =>
    4 * Number(visit.seed.name !== undefined) +
    2 * Number(visit.isGiven) +
    Number(isOwnPort(visit));
  return [...visits].sort(
    (a, b) => worth(b) - worth(a) || compareAddresses(a.seed.address, b.seed.address),
  );
}

/** As in the inventory, then by address: the order of answers must not show. */
function inReadingOrder(drafts: readonly Draft[], visits: readonly Visit[]): Draft[] {
  const named = drafts.filter(({ visit }) => visit.seed.name !== undefined);
  const found = drafts.filter(({ visit }) => visit.seed.name === undefined);
  return [
    ...named.sort((a, b) => visits.indexOf(a.visit) - visits.indexOf(b.visit)),
    ...found.sort((a, b) => compareAddresses(a.visit.seed.address, b.visit.seed.address)),
  ];
}

function compareAddresses(a: Address, b: Address): number {
  return Number(a.host > b.host) - Number(a.host < b.host) || a.port - b.port;
}

function isOwnPort({ seed, outcome }: Visit): boolean {
  return outcome.kind === 'ok' && outcome.value.tcpPort === seed.address.port;
}

/**
 * An address that did not answer us may still be a node that we know by another one: what is
 * announced to the other nodes need not be reachable from here. It is merged where exactly one
 * node fits.
 */
function mergeUnansweredAliases(drafts: readonly Draft[]): Draft[] {
  // Whom a replica follows must be known before its upstream's list can be read.
  return mergePhantoms(mergePhantoms(drafts, isKnownUpstreamAs), isAnnouncedAs);
}

function mergePhantoms(
  drafts: readonly Draft[],
  fits: (candidate: Draft, phantom: Draft, drafts: readonly Draft[]) => boolean,
): Draft[] {
  const merged = new Set<Draft>();
  for (const phantom of drafts) {
    if (phantom.report !== undefined || phantom.visit.seed.name !== undefined) continue;
    const fitting = drafts.filter((draft) => draft !== phantom && fits(draft, phantom, drafts));
    if (fitting.length !== 1) continue;
    fitting[0].aliases.push(...phantom.aliases);
    fitting[0].silentAliases.push(...phantom.aliases);
    merged.add(phantom);
  }
  return drafts.filter((draft) => !merged.has(draft));
}

/** Does a replica that says it follows the phantom in truth follow `candidate`? */
function isKnownUpstreamAs(candidate: Draft, phantom: Draft, drafts: readonly Draft[]): boolean {
  return drafts.some((replica) => {
    const upstream = upstreamAddress(replica);
    if (replica === candidate || !upstream || !isAliasOf(phantom, upstream)) return false;
    return listsReplica(candidate, replica) || isExpectedAbove(candidate, phantom, replica);
  });
}

/** The same history, and a `slaveN` line with the replica's port. */
function listsReplica(candidate: Draft, replica: Draft): boolean {
  const up = candidate.report?.replication;
  const own = replica.report?.replication;
  if (up === undefined || own?.upstream?.linkStatus !== 'up') return false;
  if (up.masterReplid !== own.masterReplid) return false;
  return up.replicas.some(({ port }) => port === announcedPort(replica));
}

/** Both are dead, have one port, and the inventory puts the one where the other is followed. */
function isExpectedAbove(candidate: Draft, phantom: Draft, replica: Draft): boolean {
  const { seed } = candidate.visit;
  return (
    candidate.report === undefined &&
    seed.name !== undefined &&
    seed.name === replica.visit.seed.expected?.upstreamName &&
    addressesOf(seed).some(({ port }) => port === phantom.visit.seed.address.port)
  );
}

/** Does an upstream list the phantom where it means `candidate`? */
function isAnnouncedAs(candidate: Draft, phantom: Draft, drafts: readonly Draft[]): boolean {
  const upstreamSaid = upstreamAddress(candidate);
  if (candidate.report === undefined || upstreamSaid === undefined) return false;
  const upstream = drafts.find((draft) => isAliasOf(draft, upstreamSaid));
  const listed = upstream === undefined ? [] : listedAddresses(upstream);
  if (!listed.some((address) => isAliasOf(phantom, address))) return false;
  if (listed.some((address) => isAliasOf(candidate, address))) return false;
  const { host, port } = phantom.visit.seed.address;
  const announcedHost = candidate.report.settings.replicaAnnounceIp ?? host;
  return announcedHost === host && announcedPort(candidate) === port;
}

function announcedPort({ report, visit }: Draft): number {
  return report?.settings.replicaAnnouncePort ?? report?.tcpPort ?? visit.seed.address.port;
}

function isAliasOf(draft: Draft, address: Address): boolean {
  const key = addressKey(address);
  return draft.aliases.some((alias) => addressKey(alias) === key);
}

/** Whom the node says that it follows, as we would dial it. */
function upstreamAddress({ report, visit }: Draft): Address | undefined {
  const upstream = report?.replication.upstream;
  return upstream === undefined ? undefined : asSeenFrom(visit.seed.address, upstream);
}

/** Whom the node lists as its replicas, as we would dial them. */
function listedAddresses({ report, visit }: Draft): Address[] {
  const replicas = report?.replication.replicas ?? [];
  return replicas.map((line) => asSeenFrom(visit.seed.address, line));
}

function linkFor(
  draft: Draft,
  drafts: readonly Draft[],
  watches: readonly Watch[],
): Link | undefined {
  if (draft.report !== undefined) return observedLink(draft, drafts);
  const listing = drafts.find((other) =>
    listedAddresses(other).some((address) => isAliasOf(draft, address)),
  );
  if (listing !== undefined) return presumedLink(draft, listing, 'upstream');
  const upstreamName = draft.visit.seed.expected?.upstreamName;
  const expected = drafts.find(({ visit }) => visit.seed.name === upstreamName);
  if (upstreamName !== undefined && expected !== undefined) {
    return presumedLink(draft, expected, 'inventory');
  }
  const watch = watches.find(({ replicas }) =>
    replicas.some(({ address }) => isAliasOf(draft, address)),
  );
  const watched = watch && drafts.find((other) => isAliasOf(other, watch.master));
  return watched && watched !== draft ? presumedLink(draft, watched, 'sentinel') : undefined;
}

function presumedLink(replica: Draft, upstream: Draft, knownFrom: Link['knownFrom']): Link {
  return {
    replica: replica.id,
    upstream: upstream.id,
    knownFrom,
    state: 'unknown',
    neverUp: false,
    downSinceSeconds: undefined,
    lastIoSecondsAgo: undefined,
    lagBytes: undefined,
    syncReadBytes: undefined,
    syncTotalBytes: undefined,
  };
}

function observedLink(draft: Draft, drafts: readonly Draft[]): Link | undefined {
  const address = upstreamAddress(draft);
  const own = draft.report?.replication;
  if (address === undefined || own?.upstream === undefined) return undefined;
  const upstream = drafts.find((other) => isAliasOf(other, address));
  // Beyond the limit of visits nobody asked for the upstream: the node is shown as a root.
  if (upstream === undefined) return undefined;
  const { linkStatus, lastIoSecondsAgo, linkDownSinceSeconds } = own.upstream;
  const above = upstream.report?.replication;
  return {
    replica: draft.id,
    upstream: upstream.id,
    knownFrom: 'replica',
    state: linkState(own.upstream, isLockedOut(draft, upstream)),
    neverUp: linkStatus === 'down' && linkDownSinceSeconds === undefined,
    downSinceSeconds: linkDownSinceSeconds,
    lastIoSecondsAgo,
    lagBytes: above === undefined ? undefined : lagBetween(above, own),
    syncReadBytes: own.upstream.syncReadBytes,
    syncTotalBytes: own.upstream.syncTotalBytes,
  };
}

function linkState(upstream: UpstreamInfo, lockedOut: boolean): LinkState {
  if (upstream.linkStatus === 'up') return 'up';
  // Refused at PSYNC, a replica tries the old SYNC, and says for a moment that it is copying.
  if (upstream.syncInProgress && !lockedOut) return 'syncing';
  return upstream.linkDownSinceSeconds === undefined ? 'connecting' : 'down';
}

function isLockedOut(replica: Draft, upstream: Draft): boolean {
  const held = replica.report?.secrets.masterauth;
  const asked = upstream.report?.secrets.requirepass;
  if (held === undefined || asked === undefined || replica.report?.settings.masteruser)
    return false;
  return !asked.empty && !asked.equals(held);
}

function toNode(draft: Draft, secrets: Secret[]): TopologyNode {
  const { seed, outcome } = draft.visit;
  return {
    id: draft.id,
    name: seed.name ?? formatAddress(seed.address),
    address: seed.address,
    aliases: draft.aliases,
    silentAliases: draft.silentAliases,
    dialAddress: chooseDialAddress(draft),
    expected: seed.expected,
    state:
      outcome.kind === 'ok'
        ? { kind: 'up', facts: toFacts(outcome.value, secrets) }
        : { kind: 'down', failure: outcome.failure },
  };
}

/** Other machines cannot use a loopback name; where there is only one machine, any port will do. */
function chooseDialAddress({ visit, report, aliases }: Draft): Address {
  const abroad = aliases.filter(({ host }) => !isLoopback(host));
  const { address } = visit.seed;
  const chosen = abroad.at(-1) ?? [address, ...aliases].find((alias) => !isSocket(alias));
  return chosen ?? { host: '127.0.0.1', port: report?.tcpPort ?? address.port };
}

function toFacts(report: InstanceReport, known: Secret[]): NodeFacts {
  const { info: _info, role: _role, secrets, ...facts } = report;
  return {
    ...facts,
    passwords: {
      asked: numberOfSecret(secrets.requirepass, known),
      held: facts.settings.masteruser ? undefined : numberOfSecret(secrets.masterauth, known),
    },
    confFile: undefined,
    trend: undefined,
  };
}

/** Its place among the passwords seen so far, from 1; 0 for none. */
function numberOfSecret(secret: Secret | undefined, secrets: Secret[]): number | undefined {
  if (secret === undefined) return undefined;
  if (secret.empty) return 0;
  const known = secrets.findIndex((other) => other.equals(secret));
  return known >= 0 ? known + 1 : secrets.push(secret);
}
