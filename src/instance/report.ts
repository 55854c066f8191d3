/**
 * What one live server says of itself: INFO, ROLE and the few settings that replication needs,
 * read in one round trip. Used by topology/ to discover and to verify. What an ACL or an old
 * version refuses is left out; only INFO must answer.
 */
import type { Clock } from '../util/clock.ts';
import {
  infoKeyCount,
  infoNumber,
  parseInfo,
  parseReplicationInfo,
  type Info,
  type ReplicationInfo,
} from '../protocol/info.ts';
import { parseRole, type Role } from '../protocol/role.ts';
import type { Instance } from './connection.ts';
import { failed, ok, type Outcome } from './failure.ts';
import { Secret } from './secret.ts';

export interface InstanceReport {
  /** Forty characters that name this life of this process; empty when INFO server is hidden. */
  readonly runId: string;
  readonly product: 'redis' | 'valkey';
  readonly version: string;
  readonly mode: string;
  /** The port that the server itself listens on, which a port mapping may hide from us. */
  readonly tcpPort: number | undefined;
  readonly uptimeSeconds: number | undefined;
  /** Reading its data from disk, or from its upstream. */
  readonly loading: boolean;
  readonly keyCount: number;
  /** Since the server started: full copies given, partial resyncs granted and refused. */
  readonly syncFull: number;
  readonly syncPartialOk: number;
  readonly syncPartialErr: number;
  readonly replication: ReplicationInfo;
  /** All of INFO as it came. */
  readonly info: Info;
  readonly role: Role | undefined;
  readonly settings: InstanceSettings;
  /** When the answer arrived, Unix milliseconds. */
  readonly sampledAtMs: number;
}

/** Settings; undefined where the server did not let us read one. */
export interface InstanceSettings {
  readonly replicaAnnounceIp: string | undefined;
  readonly replicaAnnouncePort: number | undefined;
  readonly masteruser: string | undefined;
  readonly masterauth: Secret | undefined;
  readonly requirepass: Secret | undefined;
}

/** Reads a server. `timeoutMs` is for all of it. */
export async function readReport(
  instance: Instance,
  options: { clock: Clock; timeoutMs: number },
): Promise<Outcome<InstanceReport>> {
  const limit = { timeoutMs: options.timeoutMs };
  const [info, role, ...settings] = await Promise.all([
    instance.call(['INFO'], limit),
    instance.call(['ROLE'], limit),
    instance.call(['CONFIG', 'GET', 'replica-announce-*'], limit),
    instance.call(['CONFIG', 'GET', 'master*'], limit),
    instance.call(['CONFIG', 'GET', 'requirepass'], limit),
  ]);
  if (info.kind === 'failed') return info;
  const text = typeof info.value === 'string' ? info.value : '';
  return toReport({
    info: parseInfo(text),
    role: role.kind === 'ok' ? parseRole(role.value) : undefined,
    settings: toSettings(configPairs(settings)),
    sampledAtMs: options.clock.now(),
  });
}

/** Only the replication section, for polling and for samples of one moment. */
export async function readReplication(
  instance: Instance,
  options: { timeoutMs?: number } = {},
): Promise<Outcome<ReplicationInfo>> {
  const reply = await instance.call(['INFO', 'replication'], options);
  if (reply.kind === 'failed') return reply;
  const replication = parseReplicationInfo(parseInfo(String(reply.value)));
  return replication === undefined ? noReplication() : ok(replication);
}

function toReport(read: {
  info: Info;
  role: Role | undefined;
  settings: InstanceSettings;
  sampledAtMs: number;
}): Outcome<InstanceReport> {
  const { info } = read;
  const mode = info.fields.get('redis_mode') ?? info.fields.get('server_mode') ?? 'standalone';
  if (mode === 'sentinel') return failed('protocol', 'is a Sentinel, not a server with data');
  const replication = parseReplicationInfo(info);
  if (replication === undefined) return noReplication();
  const valkeyVersion = info.fields.get('valkey_version');
  return ok({
    runId: info.fields.get('run_id') ?? '',
    product: valkeyVersion === undefined ? 'redis' : 'valkey',
    version: valkeyVersion ?? info.fields.get('redis_version') ?? 'unknown',
    mode,
    tcpPort: infoNumber(info, 'tcp_port'),
    uptimeSeconds: infoNumber(info, 'uptime_in_seconds'),
    loading: infoNumber(info, 'loading') === 1 || infoNumber(info, 'async_loading') === 1,
    keyCount: infoKeyCount(info),
    syncFull: infoNumber(info, 'sync_full') ?? 0,
    syncPartialOk: infoNumber(info, 'sync_partial_ok') ?? 0,
    syncPartialErr: infoNumber(info, 'sync_partial_err') ?? 0,
    replication,
    ...read,
  });
}

function noReplication(): Outcome<never> {
  return failed('protocol', 'shows no replication section in INFO');
}

/** CONFIG GET answers a flat list of names and values; a refusal counts as an empty one. */
function configPairs(replies: readonly Outcome<unknown>[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const reply of replies) {
    const flat = reply.kind === 'ok' && Array.isArray(reply.value) ? reply.value.map(String) : [];
    for (let index = 0; index + 1 < flat.length; index += 2)
      pairs.set(flat[index], flat[index + 1]);
  }
  return pairs;
}

function toSettings(pairs: ReadonlyMap<string, string>): InstanceSettings {
  const secret = (name: string): Secret | undefined => {
    const text = pairs.get(name);
    return text === undefined ? undefined : new Secret(text);
  };
  return {
    // Unset is printed as an empty text and as 0.
    replicaAnnounceIp: pairs.get('replica-announce-ip') || undefined,
    replicaAnnouncePort: Number(pairs.get('replica-announce-port')) || undefined,
    masteruser: pairs.get('masteruser') || undefined,
    masterauth: secret('masterauth'),
    requirepass: secret('requirepass'),
  };
}
