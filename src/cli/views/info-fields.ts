/**
 * What each field of INFO replication means, in one plain sentence. Columns: the field's name or
 * pattern, and the sentence, or a function of the value where the value changes what is to be said.
 */

type Words = string | ((value: string) => string);

export const infoFields: readonly (readonly [field: string | RegExp, words: Words])[] = [
  [
    'role',
    (value) =>
      value === 'master'
        ? 'This node takes writes and sends them to its replicas.'
        : 'This node is a replica: it copies another node and, unless told otherwise, refuses writes.',
  ],
  [
    'connected_slaves',
    'Replicas that are connected to this node right now; sleeping or cut-off ones are not counted.',
  ],
  [
    /^slave\d+$/,
    'One connected replica: its address, its state, the offset it last acknowledged, and how many seconds ago it did (lag). That lag is not how far it is behind; repl status shows that in bytes.',
  ],
  [
    'replicas_waiting_psync',
    'Replicas that are being sent a full copy on one connection and the new writes on another.',
  ],
  [
    'min_slaves_good_slaves',
    'Replicas that acknowledged recently enough to count for min-replicas-to-write.',
  ],
  ['master_host', 'The host of the node that this replica follows.'],
  ['master_port', 'The port of the node that this replica follows.'],
  [
    'master_link_status',
    (value) =>
      value === 'up'
        ? 'The link to the upstream stands, and its writes stream in.'
        : 'There is no link to the upstream: this replica keeps its data, and is getting older.',
  ],
  [
    'master_last_io_seconds_ago',
    (value) =>
      value === '-1'
        ? 'Nothing comes from the upstream: there is no link.'
        : 'Seconds since anything came from the upstream; when nothing is written, only its ping every 10 s (repl-ping-replica-period).',
  ],
  [
    'master_sync_in_progress',
    (value) => (value === '1' ? 'A full copy is coming in now.' : 'No full copy is coming in.'),
  ],
  [
    'master_sync_total_bytes',
    'How large the incoming full copy is; 0 when its length is not known beforehand.',
  ],
  ['master_sync_read_bytes', 'How much of the full copy has arrived.'],
  ['master_sync_left_bytes', 'How much of the full copy is still to come.'],
  ['master_sync_perc', 'How much of the full copy has arrived, in percent.'],
  ['master_sync_last_io_seconds_ago', 'Seconds since a piece of the full copy arrived.'],
  [
    'master_link_down_since_seconds',
    (value) =>
      value === '-1'
        ? 'The link has not been up since this node started.'
        : 'For how many seconds the link to the upstream has been down.',
  ],
  ['slave_read_repl_offset', 'Up to which byte of the stream this replica has read.'],
  [
    'slave_repl_offset',
    "Up to which byte of the stream this replica has applied. The upstream's offset minus this one is how far it is behind.",
  ],
  [
    'slave_priority',
    'Sentinel promotes the replica with the lowest number; 0 means never this one.',
  ],
  [
    'slave_read_only',
    (value) =>
      value === '1'
        ? 'Clients cannot write to this replica.'
        : 'Clients can write to this replica: its data may then differ from the master although all offsets agree.',
  ],
  ['replica_announced', 'Whether Sentinel is told of this replica.'],
  [
    'replica_full_sync_buffer_size',
    'Bytes of new writes kept on the replica while it loads a full copy.',
  ],
  ['replica_full_sync_buffer_peak', 'The most that this buffer has ever held.'],
  [
    'replicas_repl_buffer_size',
    'Bytes of new writes kept on the replica while it loads a full copy.',
  ],
  ['replicas_repl_buffer_peak', 'The most that this buffer has ever held.'],
  ['master_failover_state', 'Whether a FAILOVER command is under way on this node.'],
  [
    'master_replid',
    'The name of the history that this node has. Nodes with the same one hold the same stream, each up to its offset.',
  ],
  [
    'master_replid2',
    (value) =>
      /^0+$/.test(value)
        ? 'The history before this one: there was none, this node was not promoted.'
        : 'The history that this node had before it was promoted: replicas of that history may go on without a full copy.',
  ],
  [
    'master_repl_offset',
    'How many bytes the stream of this history has had so far. Equal offsets mean in step.',
  ],
  [
    'second_repl_offset',
    (value) =>
      value === '-1'
        ? 'Where the history before ended: there was none.'
        : 'Up to which byte the history before is this one, too.',
  ],
  [
    'repl_backlog_active',
    'Whether the latest part of the stream is kept for replicas that come back.',
  ],
  [
    'repl_backlog_size',
    'How many bytes of it are kept (repl-backlog-size). A replica that missed more needs a full copy.',
  ],
  [
    'repl_backlog_first_byte_offset',
    'The oldest byte that is still kept: whoever stopped before it needs a full copy.',
  ],
  ['repl_backlog_histlen', 'How many bytes are kept now.'],
];

/** The sentence for a field, by Redis's or Valkey's name; undefined for one that we do not know. */
export function explainInfoField(name: string, value: string): string | undefined {
  const redisName = name
    .replace(/^primary_/, 'master_')
    .replace(/^replica(?=\d+$)/, 'slave')
    .replace(/^replica_(?=read_|repl_|priority)/, 'slave_');
  const row = infoFields.find(([field]) =>
    typeof field === 'string' ? field === redisName : field.test(redisName),
  );
  const words = row?.[1];
  return typeof words === 'function' ? words(value) : words;
}
