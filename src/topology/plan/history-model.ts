/**
 * The histories of a setup while a plan is played on it: whose replid is whose, up to which offset,
 * and what each backlog still holds. It does what Redis does: a promotion names a new history and
 * remembers the old one up to here; a replica takes over its upstream's name, and drops its own
 * replicas when that is another one than before; a full copy starts an empty backlog. Used by
 * forecast.ts only. Pure.
 */
import {
  factsOf,
  isLiveMaster,
  linkOf,
  type NodeId,
  type Topology,
  type TopologyNode,
} from '../model.ts';

/** One replica resynchronises with its upstream. */
export interface Resync {
  readonly node: NodeId;
  readonly upstream: NodeId | undefined;
  readonly kind: 'partial' | 'full';
  readonly because: ResyncReason;
  readonly certainty: 'certain' | 'uncertain';
  /** Missing bytes of a partial resync; undefined where nobody can tell. */
  readonly bytes: number | undefined;
  /** `moved`: it gets this upstream. `dropped`: it stays, and its upstream's history was renamed. */
  readonly cause: 'moved' | 'dropped';
}

export type ResyncReason =
  | 'same-history'
  | 'former-history'
  | 'other-history'
  | 'past-the-fork'
  | 'ahead'
  | 'backlog-too-short'
  | 'no-backlog'
  | 'copy-broken-off'
  | 'upstream-unknown';

/** What is known of one live node at one moment of the plan. */
interface Place {
  readonly id: NodeId;
  readonly backlogSize: number;
  role: 'master' | 'replica';
  replid: string;
  replid2: string | undefined;
  secondReplOffset: number;
  offset: number;
  /** The first byte that the backlog holds; undefined without a backlog. */
  backlogFirst: number | undefined;
  upstream: NodeId | undefined;
  linked: boolean;
  /** It links once its upstream serves; not so where something else than that keeps it down. */
  willLink: boolean;
  cause: Resync['cause'];
  /** Its last copy was broken off: it has no history to continue. */
  halfCopied: boolean;
  holdsWrites: boolean;
  holdsPings: boolean;
  /** Its offset still moved when it left, so that it may have more than its new upstream. */
  leftMoving: boolean;
  /** It was getting bytes when it left, so that it may have more by then than we saw. */
  leftFed: boolean;
  /** A resync of its own, or of one above it, may have gone the other way: so may all that follow. */
  unsure: boolean;
}

/** A broken link is back within this time, as a rule: Redis tries once a second. */
const relinkSeconds = 3;

const bytesPerKib = 1024;

export class HistoryModel {
  readonly #places: ReadonlyMap<NodeId, Place>;
  /** Bytes that may be written until a broken link is back. */
  readonly #bytesSoon: number;
  /** Histories that began in this model. */
  #histories = 0;

  constructor(topology: Topology) {
    const live = topology.nodes.flatMap((node) => placeOf(topology, node) ?? []);
    this.#places = new Map(live.map((place) => [place.id, place]));
    this.#bytesSoon = writtenBytesPerSecond(topology) * relinkSeconds;
    for (const place of live) {
      const upstream = this.#upstreamOf(place);
      // Down although it is served there: a password, a network, a version. It stays down.
      place.willLink = place.linked || upstream === undefined || !serves(upstream);
    }
  }

  holdPings(id: NodeId): void {
    this.#change(id, { holdsPings: true });
  }

  holdWrites(id: NodeId, holdsWrites: boolean): void {
    this.#change(id, { holdsWrites });
  }

  /** All of them have what `ahead` has, which stands still. */
  bringInStep(ids: readonly NodeId[], ahead: NodeId): void {
    const offset = this.#places.get(ahead)?.offset ?? 0;
    for (const id of ids) {
      this.#change(id, { offset: Math.max(offset, this.#places.get(id)?.offset ?? 0) });
    }
  }

  detach(id: NodeId): void {
    const place = this.#places.get(id);
    const leftFed = place !== undefined && this.#isMoving(place);
    this.#change(id, { role: 'replica', upstream: undefined, linked: false, leftFed });
  }

  /** What is certain to follow comes out of `link`; of a stranger's history nobody knows. */
  follow(id: NodeId, upstream: NodeId | undefined): Resync[] {
    const place = this.#places.get(id);
    if (place === undefined) return [];
    const above = this.#places.get(upstream ?? '');
    // Who was fed by its new upstream, through whomever, has at most what that has.
    const wasBelow = above !== undefined && this.#pathUp(place).includes(above);
    const isMoving = this.#isMoving(place);
    const leftMoving = isMoving && !wasBelow;
    const leftFed = isMoving || place.leftFed;
    const unsure = this.#isUnsure(place);
    if (wasBelow && place.linked) place.offset = Math.min(place.offset, above.offset);
    const willLink = above !== undefined;
    this.#change(id, {
      role: 'replica',
      upstream,
      linked: false,
      willLink,
      cause: 'moved',
      leftMoving,
      leftFed,
      unsure,
    });
    if (above !== undefined) return [];
    const because = 'upstream-unknown';
    return [
      { node: id, upstream, ...full(because, 'uncertain'), bytes: undefined, cause: 'moved' },
    ];
  }

  becomeMaster(id: NodeId): void {
    const place = this.#places.get(id);
    if (place?.role === 'replica') this.#rename(place, this.#newReplid());
    this.#change(id, { role: 'master', upstream: undefined, linked: false, halfCopied: false });
  }

  /** Every replica whose upstream serves now: what it asks for, and what it gets. */
  link(): Resync[] {
    const resyncs: Resync[] = [];
    for (let pair = this.#nextToLink(); pair !== undefined; pair = this.#nextToLink()) {
      resyncs.push(this.#resync(...pair));
    }
    return resyncs;
  }

  #nextToLink(): [Place, Place] | undefined {
    for (const place of this.#places.values()) {
      const upstream = this.#upstreamOf(place);
      const waits = place.role === 'replica' && !place.linked && place.willLink;
      if (waits && upstream !== undefined && serves(upstream)) return [place, upstream];
    }
    return undefined;
  }

  #resync(place: Place, upstream: Place): Resync {
    const { id, cause } = place;
    const judged = judge(place, upstream, this.#isMoving(upstream) ? this.#bytesSoon : 0);
    const unsure = place.unsure || this.#isUnsure(upstream) || judged.certainty === 'uncertain';
    const verdict: Verdict = { ...judged, certainty: unsure ? 'uncertain' : 'certain' };
    const missing = Math.max(0, upstream.offset - place.offset);
    if (verdict.kind === 'partial') this.#continueFrom(place, upstream);
    else this.#copyFrom(place, upstream);
    this.#change(id, { linked: true, leftMoving: false, leftFed: false, unsure });
    const bytes = verdict.kind === 'partial' ? missing : undefined;
    return { node: id, upstream: upstream.id, ...verdict, bytes, cause };
  }

  #continueFrom(place: Place, upstream: Place): void {
    place.backlogFirst ??= place.offset + 1;
    if (place.replid !== upstream.replid) this.#rename(place, upstream.replid);
    place.offset = Math.max(place.offset, upstream.offset);
  }

  #copyFrom(place: Place, upstream: Place): void {
    if (upstream.backlogFirst === undefined) {
      // The first replica of a master without a backlog is the beginning of a history.
      const replid = this.#newReplid();
      Object.assign(upstream, { replid, replid2: undefined, backlogFirst: upstream.offset + 1 });
    }
    this.#dropReplicas(place, Infinity);
    const { replid, offset } = upstream;
    const none = { replid2: undefined, secondReplOffset: -1, halfCopied: false };
    Object.assign(place, { replid, offset, backlogFirst: offset + 1, ...none });
  }

  /** Its history goes on under a new name, which its replicas are told by being dropped. */
  #rename(place: Place, replid: string): void {
    place.replid2 = place.replid;
    place.secondReplOffset = place.offset + 1;
    place.replid = replid;
    this.#dropReplicas(place, place.offset);
  }

  /** They have at most what they were sent. */
  #dropReplicas(upstream: Place, sentOffset: number): void {
    for (const place of this.#places.values()) {
      if (place.upstream !== upstream.id || !place.linked) continue;
      const offset = Math.min(place.offset, sentOffset);
      this.#change(place.id, { linked: false, cause: 'dropped', offset, leftMoving: false });
    }
  }

  #newReplid(): string {
    this.#histories++;
    return `history ${this.#histories} of this plan`;
  }

  /** Takes writes or PINGs, or gets them from somebody who does. */
  #isMoving(place: Place): boolean {
    const path = this.#pathUp(place);
    const top = path.at(-1) ?? place;
    if (top.role !== 'master' || !path.every(serves)) return false;
    // What is still on its way from a master that holds, whoever is in step with that master has.
    return top === place ? !(top.holdsWrites && top.holdsPings) : !top.holdsWrites;
  }

  #isUnsure(place: Place): boolean {
    return this.#pathUp(place).some(({ unsure }) => unsure);
  }

  #pathUp(from: Place): Place[] {
    const path: Place[] = [];
    for (let at: Place | undefined = from; at !== undefined && !path.includes(at);) {
      path.push(at);
      at = this.#upstreamOf(at);
    }
    return path;
  }

  #upstreamOf({ upstream }: Place): Place | undefined {
    return this.#places.get(upstream ?? '');
  }

  #change(id: NodeId, change: Partial<Place>): void {
    const place = this.#places.get(id);
    if (place !== undefined) Object.assign(place, change);
  }
}

/** A master, or a replica whose own link is up: others are told to come again. */
function serves({ role, linked }: Place): boolean {
  return role === 'master' || linked;
}

type Verdict = Pick<Resync, 'kind' | 'because' | 'certainty'>;

/** What the upstream answers to PSYNC. [Redis 7.0: masterTryPartialResynchronization] */
function judge(place: Place, upstream: Place, bytesSoon: number): Verdict {
  const next = place.offset + 1;
  const isSame = place.replid === upstream.replid;
  if (place.halfCopied) return full('copy-broken-off');
  if (!isSame && place.replid !== upstream.replid2) return full('other-history');
  if (!isSame && next > upstream.secondReplOffset) return full('past-the-fork');
  if (upstream.backlogFirst === undefined) return full('no-backlog');
  if (next < upstream.backlogFirst) {
    return full('backlog-too-short', place.leftFed ? 'uncertain' : 'certain');
  }
  // An upstream that goes on may pass it, and then has other bytes under the same name.
  if (next > upstream.offset + 1) return full('ahead', 'uncertain');
  const spare = upstream.backlogSize - (upstream.offset - place.offset);
  const isTight = spare < bytesSoon;
  const certainty = place.leftMoving || isTight ? 'uncertain' : 'certain';
  return { kind: 'partial', because: isSame ? 'same-history' : 'former-history', certainty };
}

function full(because: ResyncReason, certainty: Resync['certainty'] = 'certain') {
  return { kind: 'full', because, certainty } as const;
}

/** What each replica is sent; of servers before 7.0 what clients send, which is more. */
function writtenBytesPerSecond({ nodes }: Topology): number {
  const rates = nodes.filter(isLiveMaster).map((node) => {
    const facts = factsOf(node);
    const { inputKibPerSecond = 0, outputReplKibPerSecond } = facts?.rates ?? {};
    const replicas = facts?.replication.replicas.length ?? 0;
    return outputReplKibPerSecond === undefined
      ? inputKibPerSecond
      : outputReplKibPerSecond / Math.max(1, replicas);
  });
  return Math.max(0, ...rates) * bytesPerKib;
}

/** Only nodes that answer have a history that we know. */
function placeOf(topology: Topology, node: TopologyNode): Place | undefined {
  const facts = factsOf(node);
  if (facts === undefined) return undefined;
  const { replication } = facts;
  const link = linkOf(topology, node.id);
  return {
    id: node.id,
    backlogSize: replication.replBacklogSize,
    role: replication.role,
    replid: replication.masterReplid,
    replid2: replication.masterReplid2,
    secondReplOffset: replication.secondReplOffset ?? -1,
    offset: replication.masterReplOffset,
    backlogFirst: replication.replBacklogActive
      ? replication.replBacklogFirstByteOffset
      : undefined,
    upstream: link?.upstream,
    linked: link?.state === 'up',
    willLink: false,
    cause: 'dropped',
    halfCopied: link?.state === 'syncing',
    holdsWrites: false,
    holdsPings: false,
    leftMoving: false,
    leftFed: false,
    unsure: false,
  };
}
