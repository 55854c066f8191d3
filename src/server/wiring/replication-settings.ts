/** The configuration as replication reads it: live values under the names of its port. */
import type { Config } from '../config.ts';
import type { ReplicationSettings } from '../replication/ports.ts';

export function replicationSettings(config: Config): ReplicationSettings {
  const { values } = config;
  return {
    get port() {
      return values.port;
    },
    get replTimeoutSec() {
      return values.replTimeout;
    },
    get replPingReplicaPeriodSec() {
      return values.replPingReplicaPeriod;
    },
    get replBacklogSize() {
      return values.replBacklogSize;
    },
    get replBacklogTtlSec() {
      return values.replBacklogTtl;
    },
    get replDisklessSync() {
      return values.replDisklessSync;
    },
    get replDisklessSyncDelaySec() {
      return values.replDisklessSyncDelay;
    },
    get replDisklessSyncMaxReplicas() {
      return values.replDisklessSyncMaxReplicas;
    },
    get replDisableTcpNodelay() {
      return values.replDisableTcpNodelay;
    },
    get replicaAnnounceIp() {
      return values.replicaAnnounceIp;
    },
    get replicaAnnouncePort() {
      return values.replicaAnnouncePort;
    },
    get replicaPriority() {
      return values.replicaPriority;
    },
    get replicaReadOnly() {
      return values.replicaReadOnly;
    },
    get replicaAnnounced() {
      return values.replicaAnnounced;
    },
    get replicaProtectData() {
      return values.replicaProtectData;
    },
    get masteruser() {
      return values.masteruser;
    },
    get masterauth() {
      return values.masterauth;
    },
    get minReplicasToWrite() {
      return values.minReplicasToWrite;
    },
    get minReplicasMaxLagSec() {
      return values.minReplicasMaxLag;
    },
    get replicaOutputBufferLimit() {
      const { hardBytes, softBytes, softSeconds } = values.clientOutputBufferLimit.replica;
      return { hardLimitBytes: hardBytes, softLimitBytes: softBytes, softLimitSec: softSeconds };
    },
  };
}
