/**
 * INFO memory. `used_memory` is what `memory-use.ts` counts: the process itself (Node, code, garbage
 * not collected yet) shows up in `used_memory_rss` and the allocator's fields, which are V8's.
 */
import { totalmem } from 'node:os';
import type { InfoFields } from '../../protocol/info.ts';
import type { ServerContext } from '../context.ts';
import { usedMemory } from '../memory-use.ts';

export function memoryFields(server: ServerContext): InfoFields {
  const used = usedMemory(server);
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  const peak = server.infoSampler.peakMemory(used.total);
  const allocated = heapUsed + external;
  const active = heapTotal + external;
  const { maxmemory, maxmemoryPolicy } = server.config.values;
  return [
    ['used_memory', used.total],
    ['used_memory_human', human(used.total)],
    ['used_memory_rss', rss],
    ['used_memory_rss_human', human(rss)],
    ['used_memory_peak', peak],
    ['used_memory_peak_human', human(peak)],
    ['used_memory_peak_perc', percent(used.total, peak)],
    ['used_memory_overhead', used.total - used.dataset],
    ['used_memory_startup', 0],
    ['used_memory_dataset', used.dataset],
    ['used_memory_dataset_perc', percent(used.dataset, used.total)],
    ['allocator_allocated', allocated],
    ['allocator_active', active],
    ['allocator_resident', rss],
    ['total_system_memory', totalmem()],
    ['total_system_memory_human', human(totalmem())],
    ...noScripts,
    ['maxmemory', maxmemory],
    ['maxmemory_human', human(maxmemory)],
    ['maxmemory_policy', maxmemoryPolicy],
    ['allocator_frag_ratio', ratio(active, allocated)],
    ['allocator_frag_bytes', active - allocated],
    ['allocator_rss_ratio', ratio(rss, active)],
    ['allocator_rss_bytes', rss - active],
    ['rss_overhead_ratio', '1.00'],
    ['rss_overhead_bytes', 0],
    ['mem_fragmentation_ratio', ratio(rss, used.total)],
    ['mem_fragmentation_bytes', rss - used.total],
    ['mem_not_counted_for_evict', used.notCounted],
    ['mem_replication_backlog', used.backlog],
    ['mem_total_replication_buffers', server.replication.backlogMemoryBytes],
    ['mem_clients_slaves', used.replicas],
    ['mem_clients_normal', used.normalClients],
    ['mem_cluster_links', 0],
    ['mem_aof_buffer', 0],
    ['mem_allocator', `v8-${process.versions.v8}`],
    ['active_defrag_running', 0],
    ['lazyfree_pending_objects', 0],
    ['lazyfreed_objects', server.keyspace.stats.lazyfreedObjects],
  ];
}

/** There is no Lua here. */
const noScripts: InfoFields = [
  ['used_memory_lua', 0],
  ['used_memory_vm_eval', 0],
  ['used_memory_lua_human', '0B'],
  ['used_memory_scripts_eval', 0],
  ['number_of_cached_scripts', 0],
  ['number_of_functions', 0],
  ['number_of_libraries', 0],
  ['used_memory_vm_functions', 0],
  ['used_memory_vm_total', 0],
  ['used_memory_vm_total_human', '0B'],
  ['used_memory_functions', 0],
  ['used_memory_scripts', 0],
  ['used_memory_scripts_human', '0B'],
];

const units = ['B', 'K', 'M', 'G', 'T', 'P'];

/** Bytes for people: `895.12K`; below 1024 as they are: `200B`. */
export function human(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(2)}${units[unit]}`;
}

function ratio(a: number, b: number): string {
  return (b === 0 ? 0 : a / b).toFixed(2);
}

function percent(part: number, whole: number): string {
  return `${(whole === 0 ? 0 : (100 * part) / whole).toFixed(2)}%`;
}
