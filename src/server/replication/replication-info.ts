/**
 * What INFO replication and ROLE say, as data, from the state of both sides. Pure. Field names, their
 * order and their odd formats are those of redis-server 7.0.15, read off a live one in each state.
 * What Redis 8.0 and Valkey 8.1 add tells of a second connection for the RDB, which is not used here.
 */
import type { FailoverState } from './failover.ts';
import type { MasterSide } from './master.ts';
import type { ReplicaLink } from './replica-link.ts';
import { roleWord } from './link-state.ts';
import { printReplicaLine } from './replica.ts';
import type { ReplicationSettings } from './ports.ts';
import type { ReplicationState } from './replication-state.ts';

export type InfoField = readonly [name: string, value: string | number];

/** ROLE's reply: nested arrays of strings and integers. */
export type RoleReply =
  | readonly ['master', number, readonly (readonly [string, string, string])[]]
  | readonly ['slave', string, number, string, number];

export interface ReplicationView {
  readonly state: ReplicationState;
  readonly link: ReplicaLink;
  readonly master: MasterSide;
  readonly settings: ReplicationSettings;
  readonly failoverState: FailoverState;
  /** How often replica-protect-data kept the data. */
  readonly protectDataRefusals: number;
  /** Monotonic milliseconds. */
  readonly nowMs: number;
}

/** The fields of `# Replication`, in order. */
export function replicationInfo(view: ReplicationView): InfoField[] {
  const { master, settings, nowMs } = view;
  const fields: InfoField[] = [['role', view.state.role === 'master' ? 'master' : 'slave']];
  if (view.state.role === 'replica') fields.push(...linkFields(view));
  fields.push(['connected_slaves', master.replicaCount]);
  if (settings.minReplicasToWrite > 0 && settings.minReplicasMaxLagSec > 0) {
    fields.push(['min_slaves_good_slaves', master.goodReplicas]);
  }
  master.replicas.forEach((replica, index) => {
    fields.push([`slave${index}`, printReplicaLine(replica, nowMs)]);
  });
  fields.push(...historyFields(view));
  return fields;
}

function linkFields({ link, state, settings, protectDataRefusals }: ReplicationView): InfoField[] {
  const offset = link.connected || link.resume !== undefined ? state.log.masterReplOffset : 1;
  return [
    ['master_host', link.master?.host ?? ''],
    ['master_port', link.master?.port ?? 0],
    ['master_link_status', link.connected ? 'up' : 'down'],
    ['master_last_io_seconds_ago', link.connected ? seconds(link.sinceLastDataMs) : -1],
    ['master_sync_in_progress', link.linkState === 'transfer' ? 1 : 0],
    ['slave_read_repl_offset', offset + link.unappliedBytes],
    ['slave_repl_offset', offset],
    ...transferFields(link),
    ...(link.connected
      ? []
      : ([
          [
            'master_link_down_since_seconds',
            link.downForMs === undefined ? -1 : seconds(link.downForMs),
          ],
        ] as const)),
    ['slave_priority', settings.replicaPriority],
    ['slave_read_only', settings.replicaReadOnly ? 1 : 0],
    ['replica_announced', settings.replicaAnnounced ? 1 : 0],
    // Not Redis's: shown only where the setting, which is not Redis's either, is on.
    ...(settings.replicaProtectData
      ? ([['replica_protect_data_refusals', protectDataRefusals]] as const)
      : []),
  ];
}

function transferFields({ progress, linkState, sinceLastDataMs }: ReplicaLink): InfoField[] {
  if (progress === undefined || linkState !== 'transfer') return [];
  const { totalBytes, receivedBytes } = progress;
  const percent = totalBytes === 0 ? 0 : (100 * receivedBytes) / totalBytes;
  return [
    ['master_sync_total_bytes', totalBytes],
    ['master_sync_read_bytes', receivedBytes],
    ['master_sync_left_bytes', totalBytes - receivedBytes],
    // Redis prints "-0.00" while the size is not known. [redis 7.0.15]
    ['master_sync_perc', Object.is(percent, -0) ? '-0.00' : percent.toFixed(2)],
    ['master_sync_last_io_seconds_ago', seconds(sinceLastDataMs)],
  ];
}

function historyFields({ state: { history, log }, failoverState }: ReplicationView): InfoField[] {
  return [
    ['master_failover_state', failoverState],
    ['master_replid', history.masterReplid],
    ['master_replid2', history.masterReplid2],
    ['master_repl_offset', log.masterReplOffset],
    ['second_repl_offset', history.secondReplOffset],
    ['repl_backlog_active', log.active ? 1 : 0],
    ['repl_backlog_size', log.replBacklogSize],
    ['repl_backlog_first_byte_offset', log.replBacklogFirstByteOffset],
    ['repl_backlog_histlen', log.replBacklogHistlen],
  ];
}

export function roleReply({ state, link, master }: ReplicationView): RoleReply {
  const { masterReplOffset } = state.log;
  if (state.role === 'replica') {
    const { host = '', port = 0 } = link.master ?? {};
    return ['slave', host, port, roleWord(link.linkState), link.connected ? masterReplOffset : -1];
  }
  const online = master.replicas.filter((replica) => replica.state === 'online');
  return [
    'master',
    masterReplOffset,
    online.map(({ wishes, connection, ackOffset }) => [
      wishes.announcedIp || connection.ip,
      String(wishes.listeningPort),
      String(ackOffset),
    ]),
  ];
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
