/**
 * What follows from the server's role, its configuration and the state of its disk: which gates are
 * closed to commands, and who deletes keys past their time. The composition root calls these whenever
 * one of the causes has changed; each sets everything that depends on it.
 */
import type { Config } from '../config.ts';
import type { ServerContext } from '../context.ts';
import type { Gates } from '../gates.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { Persistence } from '../persistence/persistence.ts';
import type { Replication } from '../replication/replication.ts';

/** What decides, and what depends on it. */
export interface RoleParts {
  readonly config: Config;
  readonly gates: Gates;
  readonly keyspace: Pick<Keyspace, 'expiryMode' | 'replicaKeys'>;
  readonly persistence: Pick<Persistence, 'lastBgsaveOk' | 'hasSavePoints'>;
  readonly replication: Pick<Replication, 'role'>;
}

/** After a change of role, and once at the start. */
export function followRole(server: ServerContext): void {
  const { blocked, config, log, propagation, replication } = server;
  const { master, role } = replication;
  propagation.flushRun();
  log.role = role === 'master' ? 'M' : 'S';
  const followed = master === undefined ? ['no', 'one'] : [master.host, String(master.port)];
  config.override('replicaof', followed);
  if (role === 'replica') blocked.onRoleChange();
  refreshExpiryMode(server);
  refreshGates(server);
}

/** Keys are deleted at their time by a master that is free to write; others only hide them. */
export function refreshExpiryMode({ gates, keyspace, replication }: RoleParts): void {
  const deletes = replication.role === 'master' && gates.paused === 'none';
  keyspace.expiryMode = deletes ? 'delete' : 'hide';
  if (replication.role === 'master') keyspace.replicaKeys.clear();
}

/** Closes and opens the gates after a change of role, configuration or disk. */
export function refreshGates({ config, gates, persistence, replication }: RoleParts): void {
  const isReplica = replication.role === 'replica';
  gates.readOnlyReplica = isReplica && config.values.replicaReadOnly;
  gates.staleDataMatters = isReplica && !config.values.replicaServeStaleData;
  gates.replicasMatter =
    !isReplica && config.values.minReplicasToWrite > 0 && config.values.minReplicasMaxLag > 0;
  gates.diskFailing =
    !isReplica &&
    !persistence.lastBgsaveOk &&
    persistence.hasSavePoints &&
    config.values.stopWritesOnBgsaveError;
  gates.memoryLimited = config.maxmemory > 0;
}
