/**
 * The settings of a live server that count in replication, in Redis's own words: which patterns of
 * CONFIG GET ask for them, and how the answers are read. Used by report.ts. What a server does not
 * know, or an ACL hides, is undefined.
 */
import { Secret } from './secret.ts';

/** Sizes are bytes, times are seconds, as CONFIG GET prints them. */
export interface ServerSettings {
  readonly replPingReplicaPeriod: number | undefined;
  readonly replTimeout: number | undefined;
  readonly replBacklogSize: number | undefined;
  /** 0 keeps the backlog for ever. */
  readonly replBacklogTtl: number | undefined;
  readonly minReplicasToWrite: number | undefined;
  readonly minReplicasMaxLag: number | undefined;
  /** Of the replica class. */
  readonly clientOutputBufferLimit: OutputBufferLimit | undefined;
  readonly replicaReadOnly: boolean | undefined;
  readonly replicaServeStaleData: boolean | undefined;
  readonly replicaPriority: number | undefined;
  readonly replicaAnnounced: boolean | undefined;
  readonly replicaAnnounceIp: string | undefined;
  readonly replicaAnnouncePort: number | undefined;
  readonly masteruser: string | undefined;
  /** 0 is no limit. */
  readonly maxmemory: number | undefined;
  /** `3600 1 300 100`; empty where no snapshot is taken. */
  readonly save: string | undefined;
  readonly appendonly: boolean | undefined;
  readonly dir: string | undefined;
}

/** 0 is no limit. */
export interface OutputBufferLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}

export interface ServerSecrets {
  readonly masterauth: Secret | undefined;
  readonly requirepass: Secret | undefined;
}

/**
 * One CONFIG GET each, all in one round trip: only Redis 7 takes several patterns in one, and the
 * version is not known before. One that is refused does not take the others with it.
 */
export const settingPatterns = [
  'repl*',
  'min-*',
  'master*',
  'requirepass',
  'client-output-buffer-limit',
  'maxmemory',
  'save',
  'appendonly',
  'dir',
] as const;

/** Reads the names and values that came for the patterns. */
export function readSettings(pairs: ReadonlyMap<string, string>): ServerSettings {
  const text = (name: string): string | undefined => pairs.get(name) ?? pairs.get(oldName(name));
  const number = (name: string): number | undefined => toNumber(text(name));
  const flag = (name: string): boolean | undefined => toFlag(text(name));
  return {
    replPingReplicaPeriod: number('repl-ping-replica-period'),
    replTimeout: number('repl-timeout'),
    replBacklogSize: number('repl-backlog-size'),
    replBacklogTtl: number('repl-backlog-ttl'),
    minReplicasToWrite: number('min-replicas-to-write'),
    minReplicasMaxLag: number('min-replicas-max-lag'),
    clientOutputBufferLimit: toReplicaLimit(text('client-output-buffer-limit')),
    replicaReadOnly: flag('replica-read-only'),
    replicaServeStaleData: flag('replica-serve-stale-data'),
    replicaPriority: number('replica-priority'),
    replicaAnnounced: flag('replica-announced'),
    // Unset is printed as an empty text and as 0.
    replicaAnnounceIp: text('replica-announce-ip') || undefined,
    replicaAnnouncePort: number('replica-announce-port') || undefined,
    masteruser: text('masteruser') || undefined,
    maxmemory: number('maxmemory'),
    save: text('save'),
    appendonly: flag('appendonly'),
    dir: text('dir'),
  };
}

export function readSecrets(pairs: ReadonlyMap<string, string>): ServerSecrets {
  const secret = (name: string): Secret | undefined => {
    const text = pairs.get(name);
    return text === undefined ? undefined : new Secret(text);
  };
  return { masterauth: secret('masterauth'), requirepass: secret('requirepass') };
}

/** The name before Redis 5. */
function oldName(name: string): string {
  return name.replace('replica', 'slave');
}

function toNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

function toFlag(text: string | undefined): boolean | undefined {
  return text === 'yes' ? true : text === 'no' ? false : undefined;
}

/** From `normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60`. */
function toReplicaLimit(text: string | undefined): OutputBufferLimit | undefined {
  const match = /(?:^| )(?:slave|replica) (\d+) (\d+) (\d+)/.exec(text ?? '');
  if (match === null) return undefined;
  const [hardBytes, softBytes, softSeconds] = match.slice(1).map(Number);
  return { hardBytes, softBytes, softSeconds };
}
