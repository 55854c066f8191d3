/**
 * What the preflight reads off servers: what our user may do, how a follower would log in, whether
 * announced addresses lead where they should. Nothing here changes a server or judges an answer.
 * Used by preflight.ts only. Passwords stay inside `Secret`s and go nowhere but to the servers that
 * they are for.
 */
import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isLoopback, type Address } from '../../instance/address.ts';
import type { Credentials, Instance } from '../../instance/connection.ts';
import type { Failure, Outcome } from '../../instance/failure.ts';
import { Secret } from '../../instance/secret.ts';
import { infoKeyCount, parseInfo, parseReplicationInfo } from '../../protocol/info.ts';
import { factsOf, type TopologyNode } from '../model.ts';

/** Every command that a plan may send, as the ACL and COMMAND INFO know it, with arguments. */
export const commandWords = {
  'CONFIG SET': ['CONFIG', 'SET', 'repl-ping-replica-period', '10'],
  'CLIENT PAUSE': ['CLIENT', 'PAUSE', '1', 'WRITE'],
  'CLIENT UNPAUSE': ['CLIENT', 'UNPAUSE'],
  REPLICAOF: ['REPLICAOF', 'NO', 'ONE'],
  FAILOVER: ['FAILOVER', 'ABORT'],
  'CONFIG REWRITE': ['CONFIG', 'REWRITE'],
} as const;

export type CommandName = keyof typeof commandWords;

export interface Probe {
  readonly node: TopologyNode;
  /** Why nobody could be asked; the rest is empty then. */
  readonly failure: Failure | undefined;
  readonly may: ReadonlyMap<CommandName, boolean | undefined>;
  readonly masteruser: string | undefined;
  /** Undefined: we may not read it. Empty: there is none. */
  readonly masterauth: Secret | undefined;
  readonly data: DataProbe | undefined;
  readonly users: readonly string[] | undefined;
  readonly databases: number | undefined;
  readonly maxclients: number | undefined;
  readonly announced: AnnouncedProbe;
  readonly file: FileProbe;
  /** Free bytes where it writes its files; undefined on another machine. */
  readonly freeDiskBytes: number | undefined;
}

/** Both of one moment. */
export interface DataProbe {
  readonly keyCount: number;
  readonly masterReplOffset: number;
}

export type AnnouncedProbe =
  | { readonly kind: 'none' }
  | { readonly kind: 'itself' | 'somebody-else'; readonly address: Address }
  | { readonly kind: 'silent'; readonly address: Address; readonly failure: Failure };

export type FileProbe = 'none' | 'writable' | 'not-writable' | 'elsewhere';

export interface PairProbe {
  readonly replica: TopologyNode;
  readonly upstream: TopologyNode;
  readonly login: LoginProbe;
}

export type LoginProbe =
  | { readonly kind: 'let-in' }
  | { readonly kind: 'refused'; readonly why: string }
  /** The user is let in, and may not do what a replica does. */
  | { readonly kind: 'not-allowed'; readonly user: string; readonly command: string }
  | { readonly kind: 'unknown'; readonly why: string };

export type ConnectToProbe = (node: TopologyNode) => Promise<Outcome<Instance>>;

/** Somebody else's way in, or our way to another address of the node. */
export type ConnectAs = (
  node: TopologyNode,
  login: Pick<Credentials, 'username' | 'password'> & { readonly address?: Address },
) => Promise<Outcome<Instance>>;

interface ProbeOptions {
  readonly connect: ConnectToProbe;
  readonly connectAs: ConnectAs;
}

/** What a replica sends to its upstream. */
const replicaCommands = [['PING'], ['REPLCONF', 'capa', 'eof'], ['PSYNC', '?', '-1']] as const;

export async function probeNode(node: TopologyNode, options: ProbeOptions): Promise<Probe> {
  const [connected, announced, file, freeDiskBytes] = await Promise.all([
    options.connect(node),
    probeAnnounced(node, options),
    probeFile(node),
    probeDisk(node),
  ]);
  const about = { node, announced, file, freeDiskBytes };
  if (connected.kind === 'failed') return { ...about, ...nothing, failure: connected.failure };
  const instance = connected.value;
  try {
    const [may, settings, users, data] = await Promise.all([
      probeCommands(instance),
      readConfig(instance, ['masteruser', 'masterauth', 'databases', 'maxclients']),
      readList(instance, ['ACL', 'USERS']),
      probeData(instance),
    ]);
    const masterauth = settings.get('masterauth');
    return {
      ...about,
      failure: undefined,
      may,
      users,
      data,
      masteruser: settings.get('masteruser') || undefined,
      masterauth: masterauth === undefined ? undefined : new Secret(masterauth),
      databases: toNumber(settings.get('databases')),
      maxclients: toNumber(settings.get('maxclients')),
    };
  } finally {
    instance.close();
  }
}

const nothing = {
  may: new Map(),
  masteruser: undefined,
  masterauth: undefined,
  users: undefined,
  data: undefined,
  databases: undefined,
  maxclients: undefined,
} as const;

/** The follower's own name and password, tried at its new upstream, and what they allow there. */
export async function probePair(
  pair: {
    replica: TopologyNode;
    upstream: TopologyNode;
    probe: Probe | undefined;
    /** The upstream as our own user asks it. */
    asking: Probe | undefined;
  },
  options: ProbeOptions,
): Promise<PairProbe> {
  const { replica, upstream, probe } = pair;
  const login = await probeLogin(probe, upstream, options);
  if (login.kind !== 'let-in') return { replica, upstream, login };
  const denied = await probeReplicaUser(upstream, probe?.masteruser ?? 'default', options);
  return { replica, upstream, login: denied ?? login };
}

async function probeLogin(
  probe: Probe | undefined,
  upstream: TopologyNode,
  { connectAs }: ProbeOptions,
): Promise<LoginProbe> {
  if (probe?.masterauth === undefined) {
    return { kind: 'unknown', why: 'its masterauth cannot be read' };
  }
  const { masteruser, masterauth } = probe;
  const credentials: Credentials = masterauth.empty
    ? {}
    : { password: masterauth, ...(masteruser === undefined ? {} : { username: masteruser }) };
  const connected = await connectAs(upstream, credentials);
  if (connected.kind === 'failed') return loginFailure(connected.failure);
  const instance = connected.value;
  try {
    const pong = await instance.call(['PING']);
    if (pong.kind === 'ok') return { kind: 'let-in' };
    // A user that may not PING may still be allowed to PSYNC: the ACL is asked about that.
    const isDenied =
      pong.failure.kind === 'auth' && /NOPERM|permission/i.test(pong.failure.message);
    return isDenied ? { kind: 'let-in' } : loginFailure(pong.failure);
  } finally {
    instance.close();
  }
}

function loginFailure({ kind, message }: Failure): LoginProbe {
  return kind === 'auth' ? { kind: 'refused', why: message } : { kind: 'unknown', why: message };
}

/** Undefined when the user may, or when nobody can tell. */
async function probeReplicaUser(
  upstream: TopologyNode,
  user: string,
  { connect }: ProbeOptions,
): Promise<LoginProbe | undefined> {
  const connected = await connect(upstream);
  if (connected.kind === 'failed') return undefined;
  const instance = connected.value;
  try {
    const answers = await Promise.all(
      replicaCommands.map((words) => dryRun(instance, user, words)),
    );
    const at = answers.indexOf(false);
    return at === -1 ? undefined : { kind: 'not-allowed', user, command: replicaCommands[at][0] };
  } finally {
    instance.close();
  }
}

async function probeCommands(instance: Instance): Promise<Map<CommandName, boolean | undefined>> {
  const whoami = await instance.call(['ACL', 'WHOAMI']);
  const user = whoami.kind === 'ok' ? String(whoami.value) : undefined;
  const names = Object.keys(commandWords) as CommandName[];
  const known = await instance.call([
    'COMMAND',
    'INFO',
    ...names.map((name) => commandWords[name][0]),
  ]);
  const rows = known.kind === 'ok' && Array.isArray(known.value) ? known.value : [];
  const answers = names.map(async (name, at): Promise<[CommandName, boolean | undefined]> => {
    // Renamed away, or too old.
    if (rows.length === names.length && rows[at] === null) return [name, false];
    return [
      name,
      user === undefined ? undefined : await dryRun(instance, user, commandWords[name]),
    ];
  });
  return new Map(await Promise.all(answers));
}

/** May the user send this? Asked of the ACL, not done. Undefined before Redis 7.0. */
async function dryRun(
  instance: Instance,
  user: string,
  words: readonly string[],
): Promise<boolean | undefined> {
  const reply = await instance.call(['ACL', 'DRYRUN', user, ...words]);
  if (reply.kind === 'failed') return undefined;
  return String(reply.value) === 'OK';
}

async function readConfig(
  instance: Instance,
  names: readonly string[],
): Promise<Map<string, string>> {
  const replies = await Promise.all(
    names.map((name) => readList(instance, ['CONFIG', 'GET', name])),
  );
  return new Map(
    replies.flatMap((pair) => (pair?.length === 2 ? [[pair[0], pair[1]] as const] : [])),
  );
}

async function readList(
  instance: Instance,
  words: readonly string[],
): Promise<readonly string[] | undefined> {
  const reply = await instance.call(words);
  if (reply.kind === 'failed' || !Array.isArray(reply.value)) return undefined;
  return reply.value.map(String);
}

async function probeData(instance: Instance): Promise<DataProbe | undefined> {
  const reply = await instance.call(['INFO']);
  if (reply.kind === 'failed') return undefined;
  const info = parseInfo(String(reply.value));
  const masterReplOffset = parseReplicationInfo(info)?.masterReplOffset;
  return masterReplOffset === undefined
    ? undefined
    : { keyCount: infoKeyCount(info), masterReplOffset };
}

/** Is it the node itself that answers where it says that it is? */
async function probeAnnounced(
  node: TopologyNode,
  { connectAs }: ProbeOptions,
): Promise<AnnouncedProbe> {
  const { replicaAnnounceIp, replicaAnnouncePort } = factsOf(node)?.settings ?? {};
  if (replicaAnnounceIp === undefined && replicaAnnouncePort === undefined) return { kind: 'none' };
  const address = {
    host: replicaAnnounceIp ?? node.address.host,
    port: replicaAnnouncePort ?? node.address.port,
  };
  const connected = await connectAs(node, { address });
  if (connected.kind === 'failed') return { kind: 'silent', address, failure: connected.failure };
  const instance = connected.value;
  try {
    const info = await instance.call(['INFO', 'server']);
    const runId = /^run_id:(\w+)/m.exec(info.kind === 'ok' ? String(info.value) : '')?.[1];
    // Whoever wants a password is somebody; more than that we could only say by logging in.
    const isOther = runId !== undefined && runId !== node.id;
    return { kind: isOther ? 'somebody-else' : 'itself', address };
  } finally {
    instance.close();
  }
}

/** The file that CONFIG REWRITE would write, where it is on this machine. */
async function probeFile(node: TopologyNode): Promise<FileProbe> {
  const path = factsOf(node)?.configFile;
  if (path === undefined) return 'none';
  if (!isLoopback(node.address.host)) return 'elsewhere';
  try {
    await access(path, constants.W_OK);
    await access(dirname(path), constants.W_OK); // It is written beside the old one, and renamed.
    return 'writable';
  } catch {
    // Another machine's file, seen through a tunnel, or a container's.
    const isHere = await stat(dirname(path)).catch(() => undefined);
    return isHere === undefined ? 'elsewhere' : 'not-writable';
  }
}

async function probeDisk(node: TopologyNode): Promise<number | undefined> {
  const dir = factsOf(node)?.settings.dir;
  if (dir === undefined || !isLoopback(node.address.host)) return undefined;
  const space = await statfs(dir).catch(() => undefined);
  return space && space.bavail * space.bsize;
}

function toNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
