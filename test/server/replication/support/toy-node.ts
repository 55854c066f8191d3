/**
 * A miniature server around the real replication code: string keys in numbered databases, the few
 * commands that replication needs, and an RDB that is JSON. Enough to follow data through full and
 * partial resyncs, chains and promotions, with no socket and no real clock. The simulator uses it too.
 */
import { createHash } from 'node:crypto';
import { encodeCommand } from '../../../../src/protocol/resp-encode.ts';
import type {
  Connect,
  LoadInfo,
  RdbFile,
  ReplicaConnection,
  ReplicationSettings,
  SnapshotJob,
  SnapshotRequest,
} from '../../../../src/server/replication/ports.ts';
import { StreamError } from '../../../../src/server/replication/ports.ts';
import { Replication } from '../../../../src/server/replication/replication.ts';
import type { Random } from '../../../../src/util/random.ts';
import { seededRandom } from '../../../../src/util/random.ts';
import type { Clock } from '../../../../src/util/clock.ts';
import { FakeClock } from './fake-clock.ts';
import type { Accepted, Listener } from './memory-network.ts';
import { MemoryNetwork } from './memory-network.ts';

export type Settings = { -readonly [Name in keyof ReplicationSettings]: ReplicationSettings[Name] };

/** The defaults of redis.conf, but full syncs start without delay. */
export function defaultSettings(port: number): Settings {
  return {
    port,
    replTimeoutSec: 60,
    replPingReplicaPeriodSec: 10,
    replBacklogSize: 1024 * 1024,
    replBacklogTtlSec: 3600,
    replDisklessSync: true,
    replDisklessSyncDelaySec: 0,
    replDisklessSyncMaxReplicas: 0,
    replDisableTcpNodelay: false,
    replicaAnnounceIp: '',
    replicaAnnouncePort: 0,
    replicaPriority: 100,
    replicaReadOnly: true,
    replicaAnnounced: true,
    replicaProtectData: false,
    masteruser: '',
    masterauth: '',
    minReplicasToWrite: 0,
    minReplicasMaxLagSec: 10,
    replicaOutputBufferLimit: {
      hardLimitBytes: 256 * 1024 * 1024,
      softLimitBytes: 64 * 1024 * 1024,
      softLimitSec: 60,
    },
  };
}

/** What a node lives in. */
export interface ToyWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: {
    readonly connect: Connect;
    listen(port: number, listener: Listener): { close(): void };
  };
  readonly nodes: Map<number, ToyNode>;
  readonly defer: (fn: () => void) => void;
}

/** What the RDBs of a node look like. */
export interface ToyFormat {
  save(saved: SavedData): Buffer;
  /** Throws when it is no such RDB. */
  load(bytes: Buffer): SavedData;
}

interface SavedData {
  streamDb: number;
  data: [string, string][][];
}

const jsonFormat: ToyFormat = {
  save: (saved) => Buffer.from(JSON.stringify(saved)),
  load(bytes) {
    const text = bytes.toString();
    if (!text.startsWith('{')) throw new Error('this is no RDB');
    return JSON.parse(text) as SavedData;
  },
};

/** Time, network and chance of a test, shared by its nodes. */
export class World implements ToyWorld {
  readonly clock = new FakeClock();
  readonly network: MemoryNetwork;
  readonly random: Random;
  readonly nodes = new Map<number, ToyNode>();
  readonly #deferred: (() => void)[] = [];

  /** With `pieces` every delivery is cut at random places. */
  constructor(options: { seed?: number; pieces?: boolean } = {}) {
    this.random = seededRandom(options.seed ?? 1);
    this.network = new MemoryNetwork(options.pieces === true ? { random: this.random } : {});
  }

  readonly defer = (fn: () => void): void => {
    this.#deferred.push(fn);
  };

  node(port: number, settings: Partial<Settings> = {}): ToyNode {
    const node = new ToyNode(this, port, settings);
    this.nodes.set(port, node);
    return node;
  }

  /** Runs everything until nothing moves; time stands still. */
  async settle(): Promise<void> {
    for (let idleTurns = 0; idleTurns < 2;) {
      let moved = this.#runDeferred();
      while (this.network.step()) moved = true;
      await new Promise((resolve) => setImmediate(resolve));
      idleTurns = moved || this.#deferred.length > 0 ? 0 : idleTurns + 1;
    }
  }

  /** Lets seconds pass, one cron of every node in each. */
  async passSeconds(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      this.clock.advance(1000);
      for (const node of this.nodes.values()) node.replication.cron();
      await this.settle();
    }
  }

  #runDeferred(): boolean {
    const batch = this.#deferred.splice(0);
    for (const fn of batch) fn();
    return batch.length > 0;
  }
}

interface ToyConnection extends ReplicaConnection {
  input: Buffer;
  authenticated: boolean;
}

export class ToyNode {
  readonly port: number;
  readonly settings: Settings;
  readonly replication: Replication;
  readonly log: string[] = [];
  /** One map per database. */
  data: Map<string, string>[] = emptyData();
  requirepass = '';
  /** Snapshot requests that were started and neither finished nor aborted. */
  readonly snapshots: ToySnapshot[] = [];
  /** Snapshots finish by themselves; false lets the test call `finish`. */
  autoSnapshots = true;
  snapshotsBusy: string | undefined;
  acks = 0;
  /** Undefined: this node has no append-only file. */
  fsyncedReplOffset: number | undefined;
  /** A failover holds writers back. */
  writesPaused = false;
  /** The last RDB received. */
  rdb = Buffer.alloc(0);
  format = jsonFormat;
  readonly #world: ToyWorld;
  readonly #listener: { close(): void };
  readonly #connections = new Set<ToyConnection>();
  #nextId = 1;

  constructor(world: ToyWorld, port: number, settings: Partial<Settings>) {
    this.#world = world;
    this.port = port;
    this.settings = { ...defaultSettings(port), ...settings };
    this.replication = this.#build();
    this.#listener = world.network.listen(port, (accepted) => this.#accept(accepted));
  }

  set(key: string, value: string, db = 0): void {
    this.data[db].set(key, value);
    const command = encodeCommand(['SET', key, value]);
    this.replication.feed(db, command, 0, command.length);
  }

  replicaof(port: number): void {
    this.replication.replicaof({ host: '127.0.0.1', port });
  }

  /** Of all keys and values, comparable between nodes. */
  digest(): string {
    return createHash('sha1').update(this.dump()).digest('hex');
  }

  dump(): string {
    return JSON.stringify(this.data.map((db) => [...db].sort(([a], [b]) => (a < b ? -1 : 1))));
  }

  info(field: string): string | number | undefined {
    return this.replication.info().find(([name]) => name === field)?.[1];
  }

  logged(part: string): boolean {
    return this.log.some((line) => line.includes(part));
  }

  /** As a killed process: no goodbye, nothing listens. */
  kill(): void {
    this.#listener.close();
    this.replication.close();
    this.#world.nodes.delete(this.port);
  }

  #build(): Replication {
    const record =
      (level: string) =>
      (message: string): void => {
        this.log.push(`${level} ${message}`);
      };
    return new Replication({
      clock: this.#world.clock,
      random: this.#world.random,
      defer: this.#world.defer,
      settings: this.settings,
      connect: this.#world.network.connect,
      logger: {
        debug: record('debug'),
        verbose: record('verbose'),
        notice: record('notice'),
        warning: record('warning'),
      },
      host: {
        onRoleChange: () => undefined,
        onDataReplaced: () => undefined,
        fsyncedReplOffset: () => this.fsyncedReplOffset,
        onReplicaAck: () => {
          this.acks++;
        },
        pauseForFailover: (on) => {
          this.writesPaused = on;
        },
      },
      snapshots: { start: (request) => this.#startSnapshot(request) },
      loader: this.#loader(),
      applier: new ToyApplier(this),
    });
  }

  // ---- The RDB, out and in -----------------------------------------------------------------------

  #startSnapshot(request: SnapshotRequest): SnapshotJob | { busy: string } {
    if (this.snapshotsBusy !== undefined) return { busy: this.snapshotsBusy };
    const data = this.data.map((db) => [...db]);
    const bytes = this.format.save({ streamDb: request.saveInfo.replStreamDb, data });
    const snapshot = new ToySnapshot(request, bytes, () => {
      this.snapshots.splice(this.snapshots.indexOf(snapshot), 1);
    });
    this.snapshots.push(snapshot);
    if (this.autoSnapshots) this.#world.defer(() => snapshot.finish());
    return snapshot.job;
  }

  #loader(): ConstructorParameters<typeof Replication>[0]['loader'] {
    let parts: Uint8Array[] = [];
    let info: LoadInfo | undefined;
    return {
      refusals: 0,
      begin: (begun) => {
        parts = [];
        info = begun;
        begun.beforeReplacing();
        this.data = emptyData();
      },
      feed: (slice) => {
        parts.push(slice);
      },
      end: () => {
        if (info?.sizeBytes === 0) return { replStreamDb: 0 };
        this.rdb = Buffer.concat(parts);
        const saved = this.format.load(this.rdb);
        this.data = saved.data.map((entries) => new Map(entries));
        return { replStreamDb: saved.streamDb };
      },
      abort: (reason) => {
        this.log.push(`loader aborted: ${reason}`);
        this.data = emptyData();
      },
    };
  }

  // ---- Connections -------------------------------------------------------------------------------

  #accept({ address, wire }: Accepted): ReturnType<Listener> {
    const connection: ToyConnection = {
      id: this.#nextId++,
      address,
      ip: address.split(':')[0],
      pendingOutputBytes: 0,
      write: (bytes, written) => wire.write(bytes, written),
      setNoDelay: () => undefined,
      close: () => {
        wire.destroy();
        this.#onClosed(connection);
      },
      input: Buffer.alloc(0),
      authenticated: false,
    };
    this.#connections.add(connection);
    return {
      onConnect: () => undefined,
      onData: (chunk) => this.#onInput(connection, chunk),
      onClose: () => this.#onClosed(connection),
    };
  }

  #onClosed(connection: ToyConnection): void {
    if (this.#connections.delete(connection)) this.replication.handleClosed(connection);
  }

  #onInput(connection: ToyConnection, chunk: Uint8Array): void {
    connection.input = Buffer.concat([connection.input, chunk]);
    for (;;) {
      const frame = parseFrame(connection.input);
      if (frame === undefined) return;
      connection.input = connection.input.subarray(frame.end);
      if (frame.words.length === 0) this.replication.handleBlankLine(connection);
      else {
        const reply = this.#command(connection, frame.words);
        if (reply !== undefined) connection.write(Buffer.from(`${reply}\r\n`));
      }
    }
  }

  #command(connection: ToyConnection, [name, ...args]: string[]): string | undefined {
    const verb = name.toUpperCase();
    if (verb === 'AUTH') {
      connection.authenticated = args.at(-1) === this.requirepass;
      return connection.authenticated ? '+OK' : '-WRONGPASS invalid username-password pair';
    }
    if (this.requirepass !== '' && !connection.authenticated)
      return '-NOAUTH Authentication required.';
    switch (verb) {
      case 'PING':
        return '+PONG';
      case 'REPLCONF':
        return this.replication.handleReplconf(connection, args);
      case 'PSYNC':
        return this.replication.handlePsync(connection, args);
      case 'SYNC':
        return this.replication.handleSync(connection);
      default:
        return `-ERR unknown command '${name}'`;
    }
  }
}

/** A snapshot under way; its bytes are those of the moment when it was started. */
export class ToySnapshot {
  readonly request: SnapshotRequest;
  readonly job: SnapshotJob;
  readonly bytes: Buffer;
  aborted: string | undefined;
  resumed = 0;
  fileClosed = false;
  readonly #onEnd: () => void;

  constructor(request: SnapshotRequest, bytes: Buffer, onEnd: () => void) {
    this.request = request;
    this.bytes = bytes;
    this.#onEnd = onEnd;
    this.job = {
      resume: () => {
        this.resumed++;
      },
      abort: (reason) => {
        this.aborted = reason;
        onEnd();
      },
    };
  }

  finish(): void {
    if (this.aborted !== undefined) return;
    this.#onEnd();
    if (this.request.target === 'disk') {
      this.request.onDone(this.#file());
      return;
    }
    const half = this.bytes.length >> 1;
    this.request.onChunk(this.bytes.subarray(0, half));
    this.request.onChunk(this.bytes.subarray(half));
    this.request.onDone();
  }

  #file(): RdbFile {
    return {
      sizeBytes: this.bytes.length,
      read: (into, position) =>
        Promise.resolve(this.bytes.copy(into, 0, position, position + into.length)),
      close: () => {
        this.fileClosed = true;
      },
    };
  }
}

function emptyData(): Map<string, string>[] {
  return Array.from({ length: 4 }, () => new Map<string, string>());
}

/** Runs SET, SELECT, PING, MULTI … EXEC and GETACK of a master's stream. */
class ToyApplier {
  selectedDb = 0;
  readonly #node: ToyNode;
  #input = Buffer.alloc(0);
  /** Parsed and run, or queued, and not yet counted. */
  #uncounted = 0;
  #queued: string[][] | undefined;

  constructor(node: ToyNode) {
    this.#node = node;
  }

  begin(start: { selectedDb: number }): void {
    this.selectedDb = start.selectedDb;
    this.#reset();
  }

  end(): void {
    this.#reset();
  }

  apply(chunk: Uint8Array): number {
    this.#input = Buffer.concat([this.#input, chunk]);
    let applied = 0;
    for (;;) {
      if (this.#input.length > 0 && this.#input[0] !== 42) {
        throw new StreamError(
          `expected '*', got '${String.fromCharCode(this.#input[0])}'`,
          applied,
        );
      }
      const frame = parseFrame(this.#input);
      if (frame === undefined) return applied;
      this.#input = this.#input.subarray(frame.end);
      this.#uncounted += frame.end;
      this.#run(frame.words);
      if (this.#queued === undefined) {
        applied += this.#uncounted;
        this.#uncounted = 0;
      }
    }
  }

  #run(words: string[]): void {
    const [verb, ...args] = words;
    const name = verb.toUpperCase();
    if (name === 'EXEC') {
      const queued = this.#queued ?? [];
      this.#queued = undefined;
      for (const one of queued) this.#run(one);
    } else if (this.#queued !== undefined) this.#queued.push(words);
    else if (name === 'MULTI') this.#queued = [];
    else if (name === 'SELECT') this.selectedDb = Number(args[0]);
    else if (name === 'SET') this.#node.data[this.selectedDb].set(args[0], args[1]);
    else if (name === 'REPLCONF') this.#node.replication.handleReplconfFromMaster(args);
  }

  #reset(): void {
    this.#input = Buffer.alloc(0);
    this.#uncounted = 0;
    this.#queued = undefined;
  }
}

/** One inline or RESP command from the front of `input`; undefined when it is not complete. */
export function parseFrame(input: Buffer): { words: string[]; end: number } | undefined {
  const lineEnd = input.indexOf('\n');
  if (lineEnd < 0) return undefined;
  const line = input.toString('latin1', 0, lineEnd).trimEnd();
  if (!line.startsWith('*')) return { words: line.split(' ').filter(Boolean), end: lineEnd + 1 };
  const words: string[] = [];
  let at = lineEnd + 1;
  for (let left = Number(line.slice(1)); left > 0; left--) {
    const sizeEnd = input.indexOf('\n', at);
    if (sizeEnd < 0) return undefined;
    const size = Number(input.toString('latin1', at + 1, sizeEnd));
    at = sizeEnd + 1 + size + 2;
    if (at > input.length) return undefined;
    words.push(input.toString('utf8', sizeEnd + 1, sizeEnd + 1 + size));
  }
  return { words, end: at };
}
