/** What CONFIG SET must do beyond storing the value: each directive's effect on the running server. */
import { clientFlags } from '../client.ts';
import { pathOf } from '../config.ts';
import type { ServerContext } from '../context.ts';
import { usedMemory } from '../memory-use.ts';
import { accessOrderOf } from '../keyspace/evict.ts';
import type { EncodingLimits } from '../types/value.ts';
import { refreshGates } from './role-effects.ts';

export function applyConfigChanges(
  server: ServerContext,
  effects: {
    readonly setMaxBulkBytes: (bytes: number) => void;
    /** Makes another directory the process's own; an error text when it cannot. */
    readonly changeDirectory: (path: string) => string | null;
  },
): void {
  const { clients, config, log, replication } = server;
  const gatesChange = (): null => {
    refreshGates(server);
    return null;
  };
  config.onChange('replica-read-only', gatesChange);
  config.onChange('replica-serve-stale-data', gatesChange);
  const refreshReplicas = (): null => {
    replication.minReplicasChanged();
    return gatesChange();
  };
  config.onChange('min-replicas-to-write', refreshReplicas);
  config.onChange('min-replicas-max-lag', refreshReplicas);
  config.onChange('stop-writes-on-bgsave-error', gatesChange);
  config.onChange('save', gatesChange);
  followAof(server);
  followEncodingLimits(server);
  followMemoryLimit(server);
  config.onChange('repl-backlog-size', () => {
    replication.backlogSizeChanged();
    return null;
  });
  config.onChange('dir', (dir) => effects.changeDirectory(pathOf(dir)));
  config.onChange('proto-max-bulk-len', (bytes) => {
    effects.setMaxBulkBytes(bytes);
    return null;
  });
  effects.setMaxBulkBytes(config.values.protoMaxBulkLen);
  config.onChange('loglevel', (level) => {
    log.level = level;
    return null;
  });
  config.onChange('requirepass', (password) => {
    // Without a password nobody needs one any more; with a new one, who is in stays in.
    if (password !== '') return null;
    for (const client of clients.all()) client.set(clientFlags.needsAuth, false);
    return null;
  });
  log.level = config.values.loglevel;
}

/** A lower limit takes effect at once: keys are evicted in the coming turns of the event loop. */
function followMemoryLimit(server: ServerContext): void {
  const { config, keyspace, log, memoryLimit } = server;
  config.onChange('maxmemory', (bytes) => {
    refreshGates(server);
    if (bytes === 0) return null;
    const { total, notCounted } = usedMemory(server);
    if (bytes < total - notCounted) {
      log.warning(
        `WARNING: the new maxmemory value set via CONFIG SET (${bytes}) is smaller than the ` +
          `current memory usage (${total - notCounted}): keys will be evicted, or commands that ` +
          'need memory refused, as maxmemory-policy says.',
      );
    }
    memoryLimit.evictOn();
    return null;
  });
  const followPolicy = (): null => {
    const { lfuDecayTime, lfuLogFactor, maxmemoryPolicy } = config.values;
    keyspace.accessOrder = accessOrderOf(maxmemoryPolicy);
    keyspace.frequencies.logFactor = lfuLogFactor;
    keyspace.frequencies.decayMinutes = lfuDecayTime;
    return null;
  };
  config.onChange('maxmemory-policy', followPolicy);
  config.onChange('lfu-log-factor', followPolicy);
  config.onChange('lfu-decay-time', followPolicy);
  followPolicy();
}

function followAof({ aof, config, executor, propagation }: ServerContext): void {
  config.onChange('appendonly', (on) => {
    // What was written before belongs to the file as it was.
    propagation.flushRun();
    if (on) return aof.enable({ later: executor.inTransaction });
    aof.disable();
    return null;
  });
  config.onChange('aof-disable-auto-gc', (off) => {
    if (!off) aof.collectGarbageNow();
    return null;
  });
}

/** The directives that say up to where values stay compact. */
const encodingLimits = {
  'hash-max-listpack-entries': 'hashMaxListpackEntries',
  'hash-max-listpack-value': 'hashMaxListpackValue',
  'list-max-listpack-size': 'listMaxListpackSize',
  'list-compress-depth': 'listCompressDepth',
  'set-max-intset-entries': 'setMaxIntsetEntries',
  'zset-max-listpack-entries': 'zsetMaxListpackEntries',
  'zset-max-listpack-value': 'zsetMaxListpackValue',
  'stream-node-max-bytes': 'streamNodeMaxBytes',
  'stream-node-max-entries': 'streamNodeMaxEntries',
} as const satisfies Record<string, keyof EncodingLimits>;

/** They hold for what is changed from now on; values that are there keep the form they have. */
function followEncodingLimits({ config, keyspace }: ServerContext): void {
  const limits: EncodingLimits = keyspace.valueSettings;
  for (const [directive, limit] of typedEntries(encodingLimits)) {
    limits[limit] = config.values[limit];
    config.onChange(directive, (value) => {
      limits[limit] = value;
      return null;
    });
  }
}

function typedEntries<K extends string, V>(table: Readonly<Record<K, V>>): [K, V][] {
  return Object.entries(table) as [K, V][];
}
