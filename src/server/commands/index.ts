/** Every row of the command table, from the rooms where their handlers live. */
import type { CommandSpec } from '../command.ts';
import { bitfieldCommands } from './bitfield.ts';
import { bitmapCommands } from './bitmaps.ts';
import { clientCommands } from './client.ts';
import { clusterCommands } from './cluster.ts';
import { connectionCommands } from './connection.ts';
import { expireCommands } from './expire.ts';
import { failoverCommands } from './failover.ts';
import { flushCommands } from './flush.ts';
import { dumpCommands } from './generic-dump.ts';
import { moveCommands } from './generic-move.ts';
import { objectCommands } from './generic-object.ts';
import { genericCommands } from './generic.ts';
import { commandCommands } from './command.ts';
import { configCommands } from './config.ts';
import { debugCommands } from './debug.ts';
import { hyperloglogCommands } from './hyperloglog.ts';
import { hyperloglogDebugCommands } from './hyperloglog-debug.ts';
import { hashExpireCommands } from './hash-expire.ts';
import { hashGetExCommands } from './hash-get-ex.ts';
import { hashSetExCommands } from './hash-set-ex.ts';
import { hashNumberCommands } from './hash-numbers.ts';
import { hashWalkCommands } from './hash-walks.ts';
import { hashCommands } from './hashes.ts';
import { geoSearchCommands } from './geo-search.ts';
import { geoCommands } from './geo.ts';
import { infoCommands } from './info.ts';
import { latencyCommands } from './latency.ts';
import { listEditCommands } from './list-edits.ts';
import { listMoveCommands } from './list-moves.ts';
import { listPopCommands } from './list-pops.ts';
import { listPositionCommands } from './list-positions.ts';
import { listCommands } from './lists.ts';
import { memoryCommands } from './memory.ts';
import { migrateCommands } from './migrate.ts';
import { moduleCommands } from './module.ts';
import { monitorCommands } from './monitor.ts';
import { persistenceCommands } from './persistence.ts';
import { pubsubCommands } from './pubsub.ts';
import { serverCommands } from './server.ts';
import { replicationCommands } from './replication.ts';
import { scanCommands } from './scan.ts';
import { setAlgebraCommands } from './set-algebra.ts';
import { randomMemberCommands } from './set-random.ts';
import { setCommands } from './sets.ts';
import { sortCommands } from './sort.ts';
import { lcsCommands } from './string-lcs.ts';
import { slowlogCommands } from './slowlog.ts';
import { streamClaimCommands } from './stream-claims.ts';
import { streamGroupCommands } from './stream-group-admin.ts';
import { streamInfoCommands } from './stream-info.ts';
import { streamPendingCommands } from './stream-pending.ts';
import { streamReadCommands } from './stream-reads.ts';
import { streamCommands } from './streams.ts';
import { stringNumberCommands } from './string-numbers.ts';
import { stringRangeCommands } from './string-ranges.ts';
import { stringCommands } from './strings.ts';
import { manyStringCommands } from './strings-many.ts';
import { transactionCommands } from './transactions.ts';
import { waitCommands } from './wait.ts';
import { zsetAddCommands } from './zset-add.ts';
import { zsetCombineCommands } from './zset-combine.ts';
import { zsetPopCommands } from './zset-pops.ts';
import { zsetRangeCommands } from './zset-ranges.ts';
import { zsetWalkCommands } from './zset-walks.ts';
import { zsetCommands } from './zsets.ts';

export const allCommands: readonly CommandSpec[] = [
  ...connectionCommands,
  ...clientCommands,
  ...clusterCommands,
  ...stringCommands,
  ...manyStringCommands,
  ...stringNumberCommands,
  ...stringRangeCommands,
  ...lcsCommands,
  ...bitmapCommands,
  ...bitfieldCommands,
  ...hyperloglogCommands,
  ...hyperloglogDebugCommands,
  ...hashCommands,
  ...hashNumberCommands,
  ...hashWalkCommands,
  ...hashExpireCommands,
  ...hashGetExCommands,
  ...hashSetExCommands,
  ...setCommands,
  ...randomMemberCommands,
  ...setAlgebraCommands,
  ...listCommands,
  ...listEditCommands,
  ...listPositionCommands,
  ...listMoveCommands,
  ...listPopCommands,
  ...streamCommands,
  ...streamReadCommands,
  ...streamPendingCommands,
  ...streamClaimCommands,
  ...streamGroupCommands,
  ...streamInfoCommands,
  ...genericCommands,
  ...moveCommands,
  ...objectCommands,
  ...dumpCommands,
  ...migrateCommands,
  ...scanCommands,
  ...sortCommands,
  ...expireCommands,
  ...zsetCommands,
  ...zsetAddCommands,
  ...zsetRangeCommands,
  ...zsetPopCommands,
  ...zsetCombineCommands,
  ...zsetWalkCommands,
  ...geoCommands,
  ...geoSearchCommands,
  ...transactionCommands,
  ...pubsubCommands,
  ...flushCommands,
  ...commandCommands,
  ...configCommands,
  ...debugCommands,
  ...infoCommands,
  ...latencyCommands,
  ...memoryCommands,
  ...moduleCommands,
  ...monitorCommands,
  ...persistenceCommands,
  ...serverCommands,
  ...slowlogCommands,
  ...replicationCommands,
  ...waitCommands,
  ...failoverCommands,
];
