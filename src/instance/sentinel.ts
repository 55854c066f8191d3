/**
 * What one Sentinel believes: which masters it watches, and which replicas and other Sentinels it
 * knows of each. Used by topology/ to compare that with what is so.
 */
import type { Address } from './address.ts';
import type { Instance } from './connection.ts';
import { ok, type Outcome } from './failure.ts';

/** One master that a Sentinel watches. */
export interface Watch {
  readonly masterName: string;
  readonly master: Address;
  /** `master`, `s_down`, `o_down`, `failover_in_progress` … */
  readonly flags: readonly string[];
  readonly quorum: number;
  readonly replicas: readonly WatchedPeer[];
  /** The other Sentinels that watch it. */
  readonly sentinels: readonly WatchedPeer[];
}

export interface WatchedPeer {
  readonly address: Address;
  readonly flags: readonly string[];
}

/** Asks for all of it: one round for the masters, one for what is known of each. */
export async function readWatches(
  instance: Instance,
  options: { timeoutMs: number },
): Promise<Outcome<Watch[]>> {
  const masters = await instance.call(['SENTINEL', 'MASTERS'], options);
  if (masters.kind === 'failed') return masters;
  const watches = recordsOf(masters.value).map(async (master) => {
    const name = master.get('name') ?? '';
    const [replicas, sentinels] = await Promise.all([
      readReplicas(instance, name, options),
      instance.call(['SENTINEL', 'SENTINELS', name], options),
    ]);
    return toWatch(master, { replicas, sentinels });
  });
  return ok(await Promise.all(watches));
}

/** SENTINEL SLAVES before Redis 5. */
async function readReplicas(
  instance: Instance,
  name: string,
  options: { timeoutMs: number },
): Promise<Outcome<unknown>> {
  const replicas = await instance.call(['SENTINEL', 'REPLICAS', name], options);
  if (replicas.kind === 'ok' || replicas.failure.kind !== 'reply') return replicas;
  return instance.call(['SENTINEL', 'SLAVES', name], options);
}

type Fields = ReadonlyMap<string, string>;

function toWatch(
  master: Fields,
  lists: { replicas: Outcome<unknown>; sentinels: Outcome<unknown> },
): Watch {
  return {
    masterName: master.get('name') ?? '',
    master: addressOf(master),
    flags: flagsOf(master),
    quorum: Number(master.get('quorum') ?? 0),
    replicas: peersOf(lists.replicas),
    sentinels: peersOf(lists.sentinels),
  };
}

/** A list that could not be read counts as empty. */
function peersOf(reply: Outcome<unknown>): WatchedPeer[] {
  const records = reply.kind === 'ok' ? recordsOf(reply.value) : [];
  return records.map((fields) => ({ address: addressOf(fields), flags: flagsOf(fields) }));
}

function addressOf(fields: Fields): Address {
  return { host: fields.get('ip') ?? '', port: Number(fields.get('port') ?? 0) };
}

function flagsOf(fields: Fields): string[] {
  return (fields.get('flags') ?? '').split(',').filter((flag) => flag !== '');
}

/** A list of flat lists of names and values. */
function recordsOf(reply: unknown): Fields[] {
  const lists = Array.isArray(reply) ? (reply as unknown[]) : [];
  return lists.map((list) => {
    const flat = Array.isArray(list) ? list.map(String) : [];
    const pairs = flat.flatMap((name, index): [string, string][] =>
      index % 2 === 0 && index + 1 < flat.length ? [[name, flat[index + 1]]] : [],
    );
    return new Map(pairs);
  });
}
