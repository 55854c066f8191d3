/**
 * The inventory of a lab, `repl.yaml`: which nodes there should be and who follows whom. Written by
 * `repl init`, read by every command, edited by users and by `--persist`, so edits keep comments.
 * The only file that knows YAML. Whether the nodes run is no question for here.
 */
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Document, LineCounter, isMap, isNode, isScalar, isSeq, parseDocument } from 'yaml';
import { formatAddress, parseAddress, type Address } from '../instance/address.ts';
import { Secret } from '../instance/secret.ts';
import type { TlsFiles } from '../instance/tls.ts';
import { OperatorError } from '../util/errors.ts';
import { fileErrorText } from '../util/file-error.ts';

/** The inventory's name inside a lab's directory. */
export const specFileName = 'repl.yaml';

/** More nodes than this are a mistake, not a lab. */
const nodesLimit = 512;

export interface LabSpec {
  /** Of the file's format. */
  readonly version: 1;
  /** `bundled`, `redis`, `valkey`, or the path of a program that takes what redis-server takes. */
  readonly engine: string;
  /** `requirepass` and `masterauth` of every node; undefined where the lab has none. */
  readonly password: Secret | undefined;
  /** As which user of the ACL to log in; undefined is the default user. */
  readonly username?: string | undefined;
  /** To every node that does not say otherwise; undefined: plain TCP. */
  readonly tls?: TlsFiles | undefined;
  /** The Sentinels that watch the nodes. */
  readonly sentinels?: readonly Address[] | undefined;
  /** At least one; names, addresses and directories are unique; following `replicaof` never circles. */
  readonly nodes: readonly NodeSpec[];
}

export interface NodeSpec extends Address {
  /** What users type and read: `redis6379` unless the file says otherwise. */
  readonly name: string;
  /** Where its configuration, data and log are; relative to the lab's directory unless absolute. */
  readonly dir: string;
  /** The name of the upstream; undefined for a master. */
  readonly replicaof: string | undefined;
  /** A Unix socket by which to reach the node; the others still dial host and port. */
  readonly socket?: string | undefined;
  /** Where they differ from those of all; `false`: no TLS to this one. */
  readonly username?: string | undefined;
  readonly password?: Secret | undefined;
  readonly tls?: TlsFiles | false | undefined;
}

/** A node's new upstream; undefined makes it a master. */
export interface UpstreamChange {
  readonly name: string;
  readonly replicaof: string | undefined;
}

/** Reads `repl.yaml`. Throws an OperatorError that names file and line of everything wrong in it. */
export async function loadSpec(labDir: string): Promise<LabSpec> {
  const path = join(labDir, specFileName);
  try {
    return parseSpec(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError(`could not read ${path}`, { cause: fileErrorText(error) });
  }
}

/** Writes text made by `renderSpec` or `changeUpstreams`, all or nothing, for the owner's eyes only. */
export async function saveSpec(labDir: string, text: string): Promise<void> {
  const path = join(labDir, specFileName);
  const draft = `${path}.${process.pid}.tmp`;
  await writeFile(draft, text, { mode: 0o600 });
  await chmod(draft, 0o600); // The mode above does not count where the file was there already.
  await rename(draft, path);
}

/** Notes in `repl.yaml` who follows whom from now on. All else stays as the user wrote it. */
export async function saveUpstreams(
  labDir: string,
  changes: readonly UpstreamChange[],
): Promise<void> {
  const path = join(labDir, specFileName);
  await saveSpec(labDir, changeUpstreams(await readFile(path, 'utf8'), changes, path));
}

/** The node that a user means by its name, its port, or its address. */
export function findSpecNode(spec: LabSpec, words: string): NodeSpec | undefined {
  const named = spec.nodes.find((node) => node.name === words);
  if (named !== undefined) return named;
  const address = parseAddress(words);
  const byPort = spec.nodes.filter((node) => node.port === address?.port);
  if (!words.includes(':')) return byPort.length === 1 ? byPort[0] : undefined;
  return byPort.find((node) => node.host === address?.host);
}

/** The spec in a text. `path` is for messages. Throws an OperatorError as `loadSpec` does. */
export function parseSpec(text: string, path: string = specFileName): LabSpec {
  return new SpecReader(text, path).read();
}

/** A fresh `repl.yaml` that explains itself. `parseSpec` of it gives the spec again. */
export function renderSpec(spec: LabSpec): string {
  const { version, engine, sentinels } = spec;
  const nodes = spec.nodes.map(({ name, host, port, dir, replicaof, socket, ...access }) =>
    withoutUndefined({ name, host, port, socket, dir, replicaof, ...accessKeysOf(access) }),
  );
  const content = withoutUndefined({
    version,
    engine,
    ...accessKeysOf(spec),
    sentinels: sentinels?.map(formatAddress),
    nodes,
  });
  const document = new Document(content);
  document.commentBefore = headComment;
  for (const [key, comment] of Object.entries(keyComments)) {
    const pair = isMap(document.contents)
      ? document.contents.items.find((item) => isScalar(item.key) && item.key.value === key)
      : undefined;
    if (pair === undefined || !isScalar(pair.key)) continue;
    pair.key.commentBefore = comment;
    pair.key.spaceBefore = key !== 'version'; // The comment above it brings its own line.
  }
  return document.toString({ lineWidth: 0 });
}

/** How to get in, as it stands in the file: for all nodes, or for one. */
function accessKeysOf(access: Pick<NodeSpec, 'username' | 'password' | 'tls'>): object {
  const { username, password, tls } = access;
  const files = tls === false || tls === undefined ? {} : tls;
  return { username, password: password?.reveal(), tls: tls && true, ...files };
}

function withoutUndefined(record: object): object {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

/** The text with other upstreams; comments, order and quoting stay. */
export function changeUpstreams(
  text: string,
  changes: readonly UpstreamChange[],
  path: string = specFileName,
): string {
  const { nodes } = parseSpec(text, path);
  const document = parseDocument(text);
  for (const { name, replicaof } of changes) {
    const index = nodes.findIndex((node) => node.name === name);
    if (index === -1) throw new OperatorError(`${path} has no node ${name}`);
    if (replicaof === undefined) document.deleteIn(['nodes', index, 'replicaof']);
    else document.setIn(['nodes', index, 'replicaof'], replicaof);
  }
  const changed = document.toString({ lineWidth: 0 });
  parseSpec(changed, path);
  return changed;
}

/** The names along a circle of upstreams, or undefined. A node that follows itself is one. */
export function findCycle(
  nodes: readonly Pick<NodeSpec, 'name' | 'replicaof'>[],
): string[] | undefined {
  const upstreams = new Map(nodes.map(({ name, replicaof }) => [name, replicaof]));
  for (const { name } of nodes) {
    const path: string[] = [];
    let at: string | undefined = name;
    while (at !== undefined && !path.includes(at)) {
      path.push(at);
      at = upstreams.get(at);
    }
    if (at === name) return path;
  }
  return undefined;
}

const headComment = ` The inventory of this lab: the nodes, and who is meant to follow whom.
 Edit it freely; repl keeps your comments. The nodes themselves read redisPORT.conf,
 each in its own directory.`;

const keyComments: Readonly<Record<string, string>> = {
  version: ' The format of this file.',
  engine: ` What runs the nodes: bundled (comes with repl), redis or valkey (redis-server or
 valkey-server from your PATH), or the path of such a program.`,
  password: ` The password that every node asks for, and that replicas show to their master.
 It is a secret: this file is readable by its owner only.`,
  sentinels: ' The Sentinels that watch the nodes: host:port each.',
  nodes: ` One entry per node: its name, where it is dialled, the directory of its files, and for
 a replica the name of the node that it follows (replicaof).`,
};

const accessKeys = ['username', 'password', 'tls', 'ca', 'cert', 'key'];
const topKeys = ['version', 'engine', ...accessKeys, 'sentinels', 'nodes'];
const nodeKeys = ['name', 'host', 'port', 'socket', 'dir', 'replicaof', ...accessKeys];

type Path = readonly (string | number)[];

/** Reads one text; collects everything that is wrong, each with its line. */
class SpecReader {
  readonly #lines = new LineCounter();
  readonly #document: Document;
  readonly #path: string;
  readonly #problems: { readonly line: number; readonly what: string }[] = [];

  constructor(text: string, path: string) {
    this.#path = path;
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    this.#document = document;
    for (const error of document.errors) this.#complainAt(error.pos[0], error.message);
  }

  read(): LabSpec {
    this.#stopAtProblems();
    this.#checkKeys([], topKeys);
    const version = this.#document.get('version');
    if (version !== 1) this.#complain(['version'], `version must be 1, not ${shown(version)}`);
    const { tls, ...access } = this.#readAccess([]);
    const spec: LabSpec = {
      version: 1,
      engine: this.#optionalText(['engine']) ?? 'bundled',
      ...access,
      tls: tls === false ? undefined : tls,
      sentinels: this.#readSentinels(),
      nodes: this.#readNodes(),
    };
    this.#stopAtProblems();
    this.#checkNodes(spec.nodes);
    this.#stopAtProblems();
    return spec;
  }

  /** How to get in: for all nodes at the top, for one below it. A file of TLS turns it on. */
  #readAccess(path: Path): Pick<NodeSpec, 'username' | 'tls'> & { password: Secret | undefined } {
    const password = this.#optionalText([...path, 'password']);
    const flag = this.#document.getIn([...path, 'tls']);
    if (flag !== undefined && typeof flag !== 'boolean') {
      this.#complain([...path, 'tls'], `tls must be true or false, not ${shown(flag)}`);
    }
    const [ca, cert, key] = ['ca', 'cert', 'key'].map((name) =>
      this.#optionalText([...path, name]),
    );
    if ((cert === undefined) !== (key === undefined)) {
      this.#complain([...path, cert === undefined ? 'key' : 'cert'], 'cert and key go together');
    }
    const isOn = flag === true || (flag !== false && (ca ?? cert) !== undefined);
    return {
      username: this.#optionalText([...path, 'username']),
      password: password === undefined || password === '' ? undefined : new Secret(password),
      tls: isOn ? { ca, cert, key } : flag === false ? false : undefined,
    };
  }

  #readSentinels(): Address[] | undefined {
    const list = this.#document.get('sentinels', true);
    if (list === undefined || (isScalar(list) && list.value === null)) return undefined;
    if (!isSeq(list)) {
      this.#complain(['sentinels'], 'sentinels must be a list of host:port');
      return undefined;
    }
    return list.items.flatMap((_, index) => {
      const text = this.#optionalText(['sentinels', index]) ?? '';
      const address = parseAddress(text);
      if (address === undefined) this.#complain(['sentinels', index], `"${text}" is no host:port`);
      return address ?? [];
    });
  }

  #readNodes(): NodeSpec[] {
    const list = this.#document.get('nodes', true);
    if (!isSeq(list) || list.items.length === 0) {
      this.#complain(['nodes'], 'nodes must be a list with at least one node');
      return [];
    }
    if (list.items.length > nodesLimit) this.#complain(['nodes'], `more than ${nodesLimit} nodes`);
    return list.items.map((_, index) => this.#readNode(['nodes', index]));
  }

  #readNode(path: Path): NodeSpec {
    this.#checkKeys(path, nodeKeys);
    const port = this.#document.getIn([...path, 'port']);
    if (!isPort(port)) {
      this.#complain([...path, 'port'], `port must be 1 to 65535, not ${shown(port)}`);
    }
    return {
      name: this.#optionalText([...path, 'name']) ?? `redis${String(port)}`,
      host: this.#optionalText([...path, 'host']) ?? '127.0.0.1',
      port: Number(port),
      dir: this.#optionalText([...path, 'dir']) ?? String(port),
      replicaof: this.#optionalText([...path, 'replicaof']),
      socket: this.#readSocket(path),
      ...this.#readAccess(path),
    };
  }

  #readSocket(path: Path): string | undefined {
    const socket = this.#optionalText([...path, 'socket']);
    if (socket === undefined || socket.startsWith('/')) return socket;
    this.#complain([...path, 'socket'], `socket must be an absolute path, not ${socket}`);
    return undefined;
  }

  /** What can only be seen of all nodes together. */
  #checkNodes(nodes: readonly NodeSpec[]): void {
    const seen = new Set<string>();
    for (const [index, { name, host, port, dir, replicaof }] of nodes.entries()) {
      for (const [key, value] of Object.entries({ name, port: `${host}:${port}`, dir })) {
        if (seen.has(`${key} ${value}`)) {
          this.#complain(['nodes', index, key], `two nodes with the ${key} ${value}`);
        }
        seen.add(`${key} ${value}`);
      }
      if (replicaof !== undefined && !nodes.some((node) => node.name === replicaof)) {
        const names = nodes.map((node) => node.name).join(', ');
        const path = ['nodes', index, 'replicaof'];
        this.#complain(path, `there is no node ${replicaof} to follow; there are ${names}`);
      }
    }
    const cycle = findCycle(nodes);
    if (cycle === undefined) return;
    const index = nodes.findIndex(({ name }) => name === cycle[0]);
    const circle = [...cycle, cycle[0]].join(' → ');
    this.#complain(['nodes', index, 'replicaof'], `nodes follow each other in a circle: ${circle}`);
  }

  #checkKeys(path: Path, known: readonly string[]): void {
    const map = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    if (!isMap(map)) {
      this.#complain(path, `expected ${known.join(', ')} here`);
      return;
    }
    for (const { key } of map.items) {
      const name = isScalar(key) ? String(key.value) : shown(key);
      if (known.includes(name)) continue;
      const at = isNode(key) ? key.range?.[0] : undefined;
      this.#complainAt(at ?? 0, `unknown key ${name}; known are ${known.join(', ')}`);
    }
  }

  /** A scalar as it was typed: `dir: 6379` means the text "6379". */
  #optionalText(path: Path): string | undefined {
    const node = this.#document.getIn(path, true);
    if (node === undefined || node === null) return undefined;
    if (isScalar(node)) {
      if (node.value === null) return undefined;
      return typeof node.value === 'string'
        ? node.value
        : (node.source ?? JSON.stringify(node.value));
    }
    this.#complain(path, `${String(path.at(-1))} must be a single value`);
    return undefined;
  }

  /** Names the line of what stands at `path`, or of the nearest thing around it. */
  #complain(path: Path, what: string): void {
    for (let depth = path.length; depth >= 0; depth--) {
      const around = path.slice(0, depth);
      const node = depth === 0 ? this.#document.contents : this.#document.getIn(around, true);
      const at = isNode(node) ? node.range?.[0] : undefined;
      if (at === undefined) continue;
      this.#complainAt(at, what);
      return;
    }
    this.#complainAt(0, what);
  }

  #complainAt(position: number, what: string): void {
    this.#problems.push({ line: this.#lines.linePos(position).line || 1, what });
  }

  #stopAtProblems(): void {
    if (this.#problems.length === 0) return;
    const sorted = this.#problems.toSorted((a, b) => a.line - b.line);
    const lines = sorted.map(({ line, what }) => `${this.#path}:${line}: ${what}`);
    throw new OperatorError(lines.join('\n'), {
      hint: `mend ${basename(this.#path)}; repl init --dry-run 6379 6380 shows what one looks like`,
    });
  }
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535;
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
