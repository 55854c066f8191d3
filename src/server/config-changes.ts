/** What CONFIG SET must do beyond storing the value: each directive's effect on the running server. */
import { clientFlags } from './client.ts';
import type { ServerContext } from './context.ts';

export function applyConfigChanges(
  server: ServerContext,
  effects: { readonly refreshGates: () => void },
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
