/** What CONFIG SET must do beyond storing the value: each directive's effect on the running server. */
import { clientFlags } from '../client.ts';
import { pathOf } from '../config.ts';
import type { ServerContext } from '../context.ts';

export function applyConfigChanges(
  server: ServerContext,
  effects: {
    readonly refreshGates: () => void;
    readonly setMaxBulkBytes: (bytes: number) => void;
    /** Makes another directory the process's own; an error text when it cannot. */
    readonly changeDirectory: (path: string) => string | null;
  },
): void {
  const { clients, config, log, replication } = server;
  const refreshGates = (): null => {
    effects.refreshGates();
    return null;
  };
  config.onChange('replica-read-only', refreshGates);
  config.onChange('replica-serve-stale-data', refreshGates);
  config.onChange('min-replicas-to-write', refreshGates);
  config.onChange('min-replicas-max-lag', refreshGates);
  config.onChange('stop-writes-on-bgsave-error', refreshGates);
  config.onChange('save', refreshGates);
  config.onChange('repl-backlog-size', () => {
    replication.backlogSizeChanged();
    return null;
  });
  // Sockets are opened asynchronously, and CONFIG SET must know at once whether it worked.
  const needsRestart = (): string => 'this server listens anew only after a restart';
  config.onChange('port', needsRestart);
  config.onChange('bind', needsRestart);
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
