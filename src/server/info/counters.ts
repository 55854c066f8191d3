/** INFO stats, commandstats, errorstats and keyspace: what has been counted since the start. */
import type { Command } from '../command.ts';
import type { ServerContext } from '../context.ts';
import type { InfoFields } from '../../protocol/info.ts';

export function statsFields(server: ServerContext): InfoFields {
  const { infoSampler, keyspace, memoryLimit, persistence, pubsub, replication, stats } = server;
  const { exceededMs } = memoryLimit;
  const { counters } = replication;
  return [
    ['total_connections_received', stats.totalConnectionsReceived],
    ['total_commands_processed', stats.totalCommandsProcessed],
    ['instantaneous_ops_per_sec', Math.round(infoSampler.perSecond('commands'))],
    ['total_net_input_bytes', stats.totalNetInputBytes],
    ['total_net_output_bytes', stats.totalNetOutputBytes],
    ['total_net_repl_input_bytes', stats.totalNetReplInputBytes],
    ['total_net_repl_output_bytes', stats.totalNetReplOutputBytes],
    ['instantaneous_input_kbps', kilobytes(infoSampler.perSecond('input'))],
    ['instantaneous_output_kbps', kilobytes(infoSampler.perSecond('output'))],
    ['instantaneous_input_repl_kbps', kilobytes(infoSampler.perSecond('replInput'))],
    ['instantaneous_output_repl_kbps', kilobytes(infoSampler.perSecond('replOutput'))],
    ['rejected_connections', stats.rejectedConnections],
    ['sync_full', counters.syncFull],
    ['sync_partial_ok', counters.syncPartialOk],
    ['sync_partial_err', counters.syncPartialErr],
    ['expired_subkeys', keyspace.stats.expiredSubkeys],
    ['expired_keys', keyspace.stats.expiredKeys],
    // Expiry goes by a heap of all times to live: nothing stale is left for a sampler to miss.
    ['expired_stale_perc', '0.00'],
    ['expired_time_cap_reached_count', keyspace.stats.expiredTimeCapReachedCount],
    ['evicted_keys', stats.evictedKeys],
    ['evicted_clients', stats.evictedClients],
    ['total_eviction_exceeded_time', exceededMs.total],
    ['current_eviction_exceeded_time', exceededMs.current],
    ['keyspace_hits', keyspace.stats.keyspaceHits],
    ['keyspace_misses', keyspace.stats.keyspaceMisses],
    ['pubsub_channels', pubsub.count('channel')],
    ['pubsub_patterns', pubsub.count('pattern')],
    ['pubsubshard_channels', pubsub.count('shard')],
    ['latest_fork_usec', 0],
    ['total_forks', persistence.snapshots.begun],
    ['migrate_cached_sockets', server.migrations.keptConnections],
    ['slave_expires_tracked_keys', keyspace.replicaKeys.size],
    ...noDefragOrTracking,
    ['unexpected_error_replies', stats.unexpectedErrorReplies],
    ['total_error_replies', stats.totalErrorReplies],
    ['dump_payload_sanitizations', 0],
    ['io_threaded_reads_processed', 0],
    ['io_threaded_writes_processed', 0],
    ['reply_buffer_shrinks', 0],
    ['reply_buffer_expands', 0],
  ];
}

const noDefragOrTracking: InfoFields = [
  ['active_defrag_hits', 0],
  ['active_defrag_misses', 0],
  ['active_defrag_key_hits', 0],
  ['active_defrag_key_misses', 0],
  ['total_active_defrag_time', 0],
  ['current_active_defrag_time', 0],
  ['tracking_total_keys', 0],
  ['tracking_total_items', 0],
  ['tracking_total_prefixes', 0],
];

/** Redis calls kilobytes per second kbps. */
function kilobytes(bytes: number): string {
  return (bytes / 1024).toFixed(2);
}

/** Commands that were called or refused; a container shows only as its subcommands. */
export function commandStatsFields(server: ServerContext): InfoFields {
  return allCommands(server)
    .filter(({ calls, failedCalls, rejectedCalls }) => calls + failedCalls + rejectedCalls > 0)
    .map((command) => [`cmdstat_${command.fullName}`, commandStat(command)]);
}

function commandStat({ calls, usec, rejectedCalls, failedCalls }: Command): string {
  const perCall = calls === 0 ? 0 : usec / calls;
  return (
    `calls=${calls},usec=${Math.round(usec)},usec_per_call=${perCall.toFixed(2)},` +
    `rejected_calls=${rejectedCalls},failed_calls=${failedCalls}`
  );
}

/** How long commands took: the percentiles that `latency-tracking-info-percentiles` asks for. */
export function latencyStatsFields(server: ServerContext): InfoFields {
  const { latencyTracking, latencyTrackingInfoPercentiles } = server.config.values;
  if (!latencyTracking) return [];
  return allCommands(server).flatMap(({ fullName, latency }) => {
    if (latency === null) return [];
    const shown = latencyTrackingInfoPercentiles.map(
      (percent) => `p${Number(percent.toFixed(6))}=${latency.percentileUsec(percent).toFixed(3)}`,
    );
    return [[`latency_percentiles_usec_${fullName}`, shown.join(',')]];
  });
}

function allCommands({ commands }: ServerContext): Command[] {
  return [...commands.all.values()].flatMap((command) => [
    command,
    ...(command.subcommands?.values() ?? []),
  ]);
}

export function errorStatsFields({ stats }: ServerContext): InfoFields {
  const sorted = [...stats.errors].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([code, count]) => [`errorstat_${code}`, `count=${count}`]);
}

/** Only databases with keys. */
export function keyspaceFields({ keyspace }: ServerContext): InfoFields {
  return keyspace.databases
    .filter(({ dict }) => dict.size > 0)
    .map(({ id, dict }) => [
      `db${id}`,
      `keys=${dict.size},expires=${dict.volatileSize},` +
        `avg_ttl=${dict.averageTtlMs(keyspace.nowMs)}${subexpiry(dict.volatileHashCount)}`,
    ]);
}

/** Hashes with fields that end; 7.0, whose INFO this is, has none. [redis 8.0] */
function subexpiry(hashes: number): string {
  return hashes === 0 ? '' : `,subexpiry=${hashes}`;
}
