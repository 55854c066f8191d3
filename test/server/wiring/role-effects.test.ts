import { expect, it } from 'vitest';
import { Config } from '../../../src/server/config.ts';
import { Gates } from '../../../src/server/gates.ts';
import type { ExpiryMode } from '../../../src/server/keyspace/keyspace.ts';
import { ReplicaKeys } from '../../../src/server/keyspace/replica-keys.ts';
import { refreshExpiryMode, refreshGates } from '../../../src/server/wiring/role-effects.ts';

function rig(role: 'master' | 'replica', config: string, lastBgsaveOk = true) {
  const keyspace = { expiryMode: 'ignore' as ExpiryMode, replicaKeys: new ReplicaKeys() };
  return {
    config: Config.fromText(config),
    gates: new Gates(),
    keyspace,
    persistence: { lastBgsaveOk, hasSavePoints: true },
    replication: { role },
  };
}

/** The gates that are not as in a server at ease. */
function closedGates(...args: Parameters<typeof rig>): string[] {
  const server = rig(...args);
  refreshGates(server);
  const { gates } = server;
  const names = [
    'readOnlyReplica',
    'staleDataMatters',
    'replicasMatter',
    'diskFailing',
    'memoryLimited',
  ] as const;
  return names.filter((name) => gates[name]);
}

it.each([
  ['master', '', []],
  ['replica', '', ['readOnlyReplica']],
  ['replica', 'replica-read-only no', []],
  ['replica', 'replica-serve-stale-data no', ['readOnlyReplica', 'staleDataMatters']],
  ['master', 'replica-serve-stale-data no', []],
  ['master', 'min-replicas-to-write 1', ['replicasMatter']],
  ['master', 'min-replicas-to-write 1\nmin-replicas-max-lag 0', []],
  ['replica', 'min-replicas-to-write 1', ['readOnlyReplica']],
  ['replica', 'maxmemory 1mb', ['readOnlyReplica', 'memoryLimited']],
] as const)('a %s with "%s" closes %j', (role, config, closed) => {
  expect(closedGates(role, config)).toEqual(closed);
});

it('a failed save stops the writes of a master that wants it so', () => {
  expect(closedGates('master', '', false)).toEqual(['diskFailing']);
  expect(closedGates('master', 'stop-writes-on-bgsave-error no', false)).toEqual([]);
  expect(closedGates('replica', '', false)).toEqual(['readOnlyReplica']);
});

it('only a master that is free to write deletes keys past their time', () => {
  const modeOf = (role: 'master' | 'replica', paused: 'none' | 'write'): ExpiryMode => {
    const server = rig(role, '');
    server.gates.paused = paused;
    refreshExpiryMode(server);
    return server.keyspace.expiryMode;
  };
  expect([modeOf('master', 'none'), modeOf('master', 'write')]).toEqual(['delete', 'hide']);
  expect([modeOf('replica', 'none'), modeOf('replica', 'write')]).toEqual(['hide', 'hide']);
});
