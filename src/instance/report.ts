/**
 * What one live server says of itself: INFO, ROLE and the settings that replication needs, read in
 * one round trip. Used by topology/ to discover and to verify. What an ACL or an old version
 * refuses is left out; only INFO must answer.
 */
import type { Clock } from '../util/clock.ts';
import {
  infoDecimal,
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
import {
  readSecrets,
  readSettings,
  settingPatterns,
  type ServerSecrets,
  type ServerSettings,
} from './settings.ts';
import {
  parseVersion,
  rdbVersionsOf,
  type Product,
  type RdbVersions,
  type Version,
} from './version.ts';

/** What may be kept and shown: no secret is in it. */
export interface ServerFacts {
  /** Forty characters that name this life of this process; empty when INFO server is hidden. */
  readonly runId: string;
  readonly product: Product;
  /** The server that comes with this package; it says that it is Redis 7.0. */
  readonly bundled: boolean;
  /** As the server words it, and as numbers to compare. */
  readonly version: string;
  readonly serverVersion: Version | undefined;
  readonly rdb: RdbVersions | undefined;
  readonly mode: string;
  /** The port that the server itself listens on, which a port mapping may hide from us. */
  readonly tcpPort: number | undefined;
  /** Undefined for a server that was started without a file. */
  readonly configFile: string | undefined;
  readonly uptimeSeconds: number | undefined;
  /** Reading its data from disk, or from its upstream. */
  readonly loading: boolean;
  readonly keyCount: number;
  readonly usedMemoryBytes: number | undefined;
  readonly totalSystemMemoryBytes: number | undefined;
  readonly connectedClients: number | undefined;
  readonly rates: InstantaneousRates;
  /** Since the server started: full copies given, partial resyncs granted and refused. */
  readonly syncFull: number;
  readonly syncPartialOk: number;
  readonly syncPartialErr: number;
  /** Connections of any class that were dropped with a full output buffer. 7.0 does not count them. */
  readonly outputBufferDisconnections: number | undefined;
  readonly replication: ReplicationInfo;
  /** What a replica is doing about its link, as ROLE words it: `connect`, `handshake`, `sync` … */
  readonly linkPhase: string | undefined;
  readonly settings: ServerSettings;
  /** When the answer arrived, Unix milliseconds. */
  readonly sampledAtMs: number;
}

/** INFO's `instantaneous_…`: averages over the last 1.6 seconds. A KiB is 1024 bytes. */
export interface InstantaneousRates {
  readonly opsPerSecond: number | undefined;
  readonly inputKibPerSecond: number | undefined;
  readonly outputKibPerSecond: number | undefined;
  /** Only the part that is replication. Redis 7.0 and later. */
  readonly inputReplKibPerSecond: number | undefined;
  readonly outputReplKibPerSecond: number | undefined;
}

export interface InstanceReport extends ServerFacts {
  /** All of INFO as it came. */
  readonly info: Info;
  readonly role: Role | undefined;
  readonly secrets: ServerSecrets;
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
    ...settingPatterns.map((pattern) => instance.call(['CONFIG', 'GET', pattern], limit)),
  ]);
  if (info.kind === 'failed') return info;
  const text = typeof info.value === 'string' ? info.value : '';
  return toReport({
    info: parseInfo(text),
    role: role.kind === 'ok' ? parseRole(role.value) : undefined,
    pairs: configPairs(settings),
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
  pairs: ReadonlyMap<string, string>;
  sampledAtMs: number;
}): Outcome<InstanceReport> {
  const { info, role, pairs, sampledAtMs } = read;
  const mode = info.fields.get('redis_mode') ?? info.fields.get('server_mode') ?? 'standalone';
  if (mode === 'sentinel') return failed('sentinel', 'is a Sentinel, not a server with data');
  const replication = parseReplicationInfo(info);
  if (replication === undefined) return noReplication();
  return ok({
    ...identityOf(info),
    mode,
    loading: infoNumber(info, 'loading') === 1 || infoNumber(info, 'async_loading') === 1,
    keyCount: infoKeyCount(info),
    usedMemoryBytes: infoNumber(info, 'used_memory'),
    totalSystemMemoryBytes: infoNumber(info, 'total_system_memory'),
    connectedClients: infoNumber(info, 'connected_clients'),
    rates: ratesOf(info),
    syncFull: infoNumber(info, 'sync_full') ?? 0,
    syncPartialOk: infoNumber(info, 'sync_partial_ok') ?? 0,
    syncPartialErr: infoNumber(info, 'sync_partial_err') ?? 0,
    outputBufferDisconnections: infoNumber(info, 'client_output_buffer_limit_disconnections'),
    replication,
    linkPhase: role?.kind === 'replica' ? role.state : undefined,
    settings: readSettings(pairs),
    secrets: readSecrets(pairs),
    sampledAtMs,
    info,
    role,
  });
}

/** The facts of the section `server`. */
function identityOf(info: Info) {
  const { fields } = info;
  const valkeyVersion = fields.get('valkey_version');
  const product = valkeyVersion === undefined ? ('redis' as const) : ('valkey' as const);
  const version = valkeyVersion ?? fields.get('redis_version') ?? 'unknown';
  const serverVersion = parseVersion(version);
  const bundled = fields.get('server_name') === 'redis-repl';
  return {
    runId: fields.get('run_id') ?? '',
    product,
    bundled,
    version,
    serverVersion,
    rdb: rdbVersionsOf({ product, bundled, version: serverVersion }),
    tcpPort: infoNumber(info, 'tcp_port'),
    configFile: fields.get('config_file') || undefined,
    uptimeSeconds: infoNumber(info, 'uptime_in_seconds'),
  };
}

function ratesOf(info: Info): InstantaneousRates {
  return {
    opsPerSecond: infoDecimal(info, 'instantaneous_ops_per_sec'),
    inputKibPerSecond: infoDecimal(info, 'instantaneous_input_kbps'),
    outputKibPerSecond: infoDecimal(info, 'instantaneous_output_kbps'),
    inputReplKibPerSecond: infoDecimal(info, 'instantaneous_input_repl_kbps'),
    outputReplKibPerSecond: infoDecimal(info, 'instantaneous_output_repl_kbps'),
  };
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
