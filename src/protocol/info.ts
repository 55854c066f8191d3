/**
 * INFO: the text of named sections that a server prints and tools read. Printer and parser stand
 * side by side; the server uses the one, the CLI the other. No field is dropped: what we do not
 * know is kept as text. The replication section is also read into a typed record, in the words of
 * Redis (`master_host`, `slave0`) and of Valkey (`primary_host`, `replica0`) alike.
 *
 *     info     = section *( CRLF section )
 *     section  = "# " title CRLF *( field ":" value CRLF )
 *     replicaN = "ip=" ip ",port=" port ",state=" state ",offset=" offset ",lag=" seconds
 */

/** One section as it is printed: fields in order. */
export interface InfoSection {
  readonly title: string;
  readonly fields: readonly (readonly [name: string, value: string | number])[];
}

/** A section's lines, in order. */
export type InfoFields = InfoSection['fields'];

/** INFO as it was read: sections in order, and every field by its name. */
export interface Info {
  readonly sections: readonly (InfoSection & {
    readonly fields: readonly (readonly [name: string, value: string])[];
  })[];
  readonly fields: ReadonlyMap<string, string>;
}

/** What INFO replication says of one node. Offsets and sizes are bytes; unknown is undefined. */
export interface ReplicationInfo {
  readonly role: 'master' | 'replica';
  /** Whom the node follows; only a replica has one. */
  readonly upstream: UpstreamInfo | undefined;
  /** The replicas that are connected now, as the node itself lists them. */
  readonly replicas: readonly ReplicaLine[];
  readonly masterFailoverState: string | undefined;
  readonly masterReplid: string;
  /** The history that went before; undefined when there is none (printed as forty zeros). */
  readonly masterReplid2: string | undefined;
  readonly masterReplOffset: number;
  /** Up to where `masterReplid2` is valid; undefined when there is none (printed as -1). */
  readonly secondReplOffset: number | undefined;
  readonly replBacklogActive: boolean;
  readonly replBacklogSize: number;
  readonly replBacklogFirstByteOffset: number;
  readonly replBacklogHistlen: number;
}

export interface UpstreamInfo {
  readonly host: string;
  readonly port: number;
  readonly linkStatus: 'up' | 'down';
  /** Seconds since anything came from the upstream; undefined while not linked. */
  readonly lastIoSecondsAgo: number | undefined;
  /** A full copy is coming in. Bytes are known while the file is transferred. */
  readonly syncInProgress: boolean;
  readonly syncTotalBytes: number | undefined;
  readonly syncReadBytes: number | undefined;
  /** Since anything of that copy arrived. */
  readonly syncLastIoSecondsAgo: number | undefined;
  /** What this replica has applied, and what it has read off the wire. */
  readonly slaveReplOffset: number;
  readonly slaveReadReplOffset: number | undefined;
  /** Undefined while the link is up, and when it has never been up since the node started. */
  readonly linkDownSinceSeconds: number | undefined;
  readonly priority: number;
  readonly readOnly: boolean;
  readonly announced: boolean;
}

/** One `slaveN` line of a master or of a chained replica's upstream. */
export interface ReplicaLine {
  readonly host: string;
  readonly port: number;
  /** `wait_bgsave`, `send_bulk`, `online` and the like, as the server words it. */
  readonly state: string;
  /** The offset that the replica last acknowledged, at most a second ago when all is well. */
  readonly ackedOffset: number;
  /** Seconds since that acknowledgement. It is not how far the replica is behind. */
  readonly ackAgeSeconds: number;
}

/** A clock that was never set shows up as the seconds since 1970 in servers before 7.0. */
const plausibleSecondsLimit = 10 * 365 * 24 * 3600;

/** The text of INFO. Used by the bundled server. */
export function printInfo(sections: readonly InfoSection[]): string {
  return sections.map(printInfoSection).join('\r\n');
}

function printInfoSection({ title, fields }: InfoSection): string {
  const lines = fields.map(([name, value]) => `${name}:${value}\r\n`);
  return `# ${title}\r\n${lines.join('')}`;
}

/** Reads INFO; lines that are neither a title nor a field are passed over. Never throws. */
export function parseInfo(text: string): Info {
  const sections: { title: string; fields: [string, string][] }[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) sections.push({ title: line.slice(1).trim(), fields: [] });
    const colon = line.startsWith('#') ? -1 : line.indexOf(':');
    if (colon <= 0) continue;
    if (sections.length === 0) sections.push({ title: '', fields: [] });
    sections.at(-1)?.fields.push([line.slice(0, colon), line.slice(colon + 1)]);
  }
  return { sections, fields: new Map(sections.flatMap(({ fields }) => fields)) };
}

/** A field as a whole number; undefined when it is absent or not a number. */
export function infoNumber(info: Info, name: string): number | undefined {
  return toNumber(info.fields.get(name));
}

/** The same for numbers with a fraction, as rates have. */
export function infoDecimal(info: Info, name: string): number | undefined {
  const text = info.fields.get(name);
  return text !== undefined && /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}

/** All keys of all databases, from the keyspace section. */
export function infoKeyCount(info: Info): number {
  let keys = 0;
  for (const [name, value] of info.fields) {
    if (/^db\d+$/.test(name)) keys += toNumber(parsePairs(value).get('keys')) ?? 0;
  }
  return keys;
}

/** The replication section; undefined when there is none (a Sentinel, or an ACL that hides it). */
export function parseReplicationInfo(info: Info): ReplicationInfo | undefined {
  const role = info.fields.get('role');
  if (role === undefined || role === 'sentinel') return undefined;
  const number = (name: string): number => numberOf(info, name) ?? 0;
  const replid2 = valueOf(info, 'master_replid2') ?? '';
  const secondReplOffset = numberOf(info, 'second_repl_offset') ?? -1;
  return {
    role: role === 'master' || role === 'primary' ? 'master' : 'replica',
    upstream: parseUpstream(info),
    replicas: parseReplicaLines(info),
    masterFailoverState: valueOf(info, 'master_failover_state'),
    masterReplid: valueOf(info, 'master_replid') ?? '',
    masterReplid2: /^0*$/.test(replid2) ? undefined : replid2,
    masterReplOffset: number('master_repl_offset'),
    secondReplOffset: secondReplOffset < 0 ? undefined : secondReplOffset,
    replBacklogActive: number('repl_backlog_active') === 1,
    replBacklogSize: number('repl_backlog_size'),
    replBacklogFirstByteOffset: number('repl_backlog_first_byte_offset'),
    replBacklogHistlen: number('repl_backlog_histlen'),
  };
}

function parseUpstream(info: Info): UpstreamInfo | undefined {
  const host = valueOf(info, 'master_host');
  if (host === undefined) return undefined;
  return {
    host,
    port: numberOf(info, 'master_port') ?? 0,
    linkStatus: valueOf(info, 'master_link_status') === 'up' ? 'up' : 'down',
    lastIoSecondsAgo: secondsOf(info, 'master_last_io_seconds_ago'),
    syncInProgress: numberOf(info, 'master_sync_in_progress') === 1,
    syncTotalBytes: bytesOf(info, 'master_sync_total_bytes'),
    syncReadBytes: bytesOf(info, 'master_sync_read_bytes'),
    syncLastIoSecondsAgo: secondsOf(info, 'master_sync_last_io_seconds_ago'),
    slaveReplOffset: numberOf(info, 'slave_repl_offset') ?? 0,
    slaveReadReplOffset: numberOf(info, 'slave_read_repl_offset'),
    linkDownSinceSeconds: secondsOf(info, 'master_link_down_since_seconds'),
    priority: numberOf(info, 'slave_priority') ?? 100,
    readOnly: numberOf(info, 'slave_read_only') !== 0,
    announced: numberOf(info, 'replica_announced') !== 0,
  };
}

function parseReplicaLines(info: Info): ReplicaLine[] {
  const lines: ReplicaLine[] = [];
  for (const [name, value] of info.fields) {
    if (!/^(?:slave|replica)\d+$/.test(name)) continue;
    const pairs = parsePairs(value);
    const host = pairs.get('ip');
    if (host === undefined) continue;
    lines.push({
      host,
      port: toNumber(pairs.get('port')) ?? 0,
      state: pairs.get('state') ?? '',
      ackedOffset: toNumber(pairs.get('offset')) ?? 0,
      ackAgeSeconds: toNumber(pairs.get('lag')) ?? 0,
    });
  }
  return lines;
}

/** A field by Redis's name, or by the name that Valkey may give it. */
function valueOf(info: Info, name: string): string | undefined {
  const valkeyName = name.replace(/^master_/, 'primary_').replace(/^slave_/, 'replica_');
  return info.fields.get(name) ?? info.fields.get(valkeyName);
}

function numberOf(info: Info, name: string): number | undefined {
  return toNumber(valueOf(info, name));
}

/** Seconds; a negative or absurd number stands for "never". */
function secondsOf(info: Info, name: string): number | undefined {
  const seconds = numberOf(info, name);
  const known = seconds !== undefined && seconds >= 0 && seconds < plausibleSecondsLimit;
  return known ? seconds : undefined;
}

/** Bytes; zero and below stand for "not known" (a diskless copy has no length). */
function bytesOf(info: Info, name: string): number | undefined {
  const bytes = numberOf(info, name);
  return bytes !== undefined && bytes > 0 ? bytes : undefined;
}

/** `ip=::1,port=6380` → its pairs. Only the first `=` of a pair separates. */
function parsePairs(text: string): Map<string, string> {
  const pairs = text.split(',').map((pair): [string, string] => {
    const equals = pair.indexOf('=');
    return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
  });
  return new Map(pairs);
}

function toNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}
