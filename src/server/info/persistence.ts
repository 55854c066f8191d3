/** INFO persistence. Nothing is forked, so nothing is copied on write. */
import type { ServerContext } from '../context.ts';
import type { InfoFields } from '../../protocol/info.ts';
import type { Aof } from '../persistence/aof.ts';
import type { Loading } from '../persistence/loading.ts';

export function persistenceFields({
  aof,
  keyspace,
  loading,
  persistence,
  clock,
}: ServerContext): InfoFields {
  const { processed, total } = persistence.snapshots.progress;
  const loaded = persistence.dataFile.lastLoad;
  return [
    ['loading', loading.kind === 'exclusive' ? 1 : 0],
    ['async_loading', loading.kind === 'aside' ? 1 : 0],
    ['current_cow_peak', 0],
    ['current_cow_size', 0],
    ['current_cow_size_age', 0],
    ['current_fork_perc', total === 0 ? '0.00' : ((100 * processed) / total).toFixed(2)],
    ['current_save_keys_processed', processed],
    ['current_save_keys_total', total],
    ['rdb_changes_since_last_save', keyspace.dirty],
    ['rdb_bgsave_in_progress', persistence.rdbInProgress ? 1 : 0],
    ['rdb_last_save_time', persistence.lastSaveSec],
    ['rdb_last_bgsave_status', persistence.lastBgsaveOk ? 'ok' : 'err'],
    ['rdb_last_bgsave_time_sec', persistence.lastBgsaveSec],
    ['rdb_current_bgsave_time_sec', persistence.currentBgsaveSec],
    ['rdb_saves', persistence.saves],
    ['rdb_last_cow_size', 0],
    ['rdb_last_load_keys_expired', loaded?.keysExpired ?? 0],
    ['rdb_last_load_keys_loaded', loaded?.keysLoaded ?? 0],
    ...aofFields(aof),
    ['module_fork_in_progress', 0],
    ['module_fork_last_cow_size', 0],
    ...(aof.state === 'off' ? [] : aofSizeFields(aof)),
    ...(loading.kind === 'none' ? [] : loadingFields(loading, clock.now())),
  ];
}

/** Only there while something is loaded. */
function loadingFields(
  { startedAtMs, totalBytes, loadedBytes, rdbUsedMemBytes, percent }: Loading,
  nowMs: number,
): InfoFields {
  const left = Math.max(0, totalBytes - loadedBytes);
  const elapsedSec = Math.floor((nowMs - startedAtMs) / 1000);
  const etaSec = elapsedSec === 0 || loadedBytes === 0 ? 1 : (elapsedSec * left) / loadedBytes;
  return [
    ['loading_start_time', Math.floor(startedAtMs / 1000)],
    ['loading_total_bytes', totalBytes],
    ['loading_rdb_used_mem', rdbUsedMemBytes],
    ['loading_loaded_bytes', loadedBytes],
    ['loading_loaded_perc', percent.toFixed(2)],
    ['loading_eta_seconds', Math.floor(etaSec)],
  ];
}

function aofFields(aof: Aof): InfoFields {
  return [
    ['aof_enabled', aof.state === 'off' ? 0 : 1],
    ['aof_rewrite_in_progress', aof.rewriter.inProgress ? 1 : 0],
    ['aof_rewrite_scheduled', aof.rewriter.isScheduled ? 1 : 0],
    ['aof_last_rewrite_time_sec', aof.rewriter.lastSec],
    ['aof_current_rewrite_time_sec', aof.rewriter.currentSec],
    ['aof_last_bgrewrite_status', aof.rewriter.lastOk ? 'ok' : 'err'],
    ['aof_rewrites', aof.rewriter.count],
    ['aof_rewrites_consecutive_failures', aof.rewriter.consecutiveFailures],
    ['aof_last_write_status', aof.lastWriteOk ? 'ok' : 'err'],
    ['aof_last_cow_size', 0],
  ];
}

function aofSizeFields(aof: Aof): InfoFields {
  return [
    ['aof_current_size', aof.currentSizeBytes],
    ['aof_base_size', aof.baseSizeBytes],
    ['aof_pending_rewrite', aof.rewriter.isScheduled ? 1 : 0],
    ['aof_buffer_length', aof.bufferBytes],
    ['aof_pending_bio_fsync', aof.pendingFsync],
    ['aof_delayed_fsync', aof.delayedFsyncs],
  ];
}
