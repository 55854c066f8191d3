/**
 * One node of a simulated cluster: a disk and a port that outlive its process, and the process
 * (a BundledServer in a simulated environment) while it runs. Knows nothing of faults or checks.
 */
import type { ClientTransport } from '../../src/server/client.ts';
import { Config } from '../../src/server/config.ts';
import { Logger } from '../../src/server/log.ts';
import { BundledServer } from '../../src/server/server.ts';
import type { Draw } from './draw.ts';
import type { EventQueue, Lane } from './event-queue.ts';
import { memoryFiles } from './memory-fs/files.ts';
import type { PipeReader } from './pipe.ts';
import type { NodePlan } from './scenario.ts';
import { feedClient, SimClient } from './sim-client.ts';
import { SimClock } from './sim-clock.ts';
import type { AcceptedEnd, SimNetwork } from './sim-network.ts';

export interface SimNodeDeps {
  readonly queue: EventQueue;
  readonly network: SimNetwork;
  readonly draw: Draw;
  /** For log lines and everything else worth showing. */
  readonly trace: (who: string, what: string) => void;
  /** There is a process, and nobody has spoken to it yet. */
  readonly onMade: (node: SimNode) => void;
  /** The process has ended in an orderly way. */
  readonly onStopped: (node: SimNode) => void;
}

/** A running process. */
interface Process {
  readonly server: BundledServer;
  readonly lane: Lane;
  readonly clock: SimClock;
  /** By slot. */
  readonly clients: Map<number, SimClient>;
}

export class SimNode {
  readonly plan: NodePlan;
  readonly name: string;
  /** Whom it follows by the last order given; undefined for a master. */
  upstream: number | undefined;
  /** When its data set was last replaced or given up to chance: boot, death, a new master. */
  disturbedAtMs = 0;
  /** Its link has been up since its data were last replaced: it can continue. */
  hasHistory = false;
  /** Asked to shut down, and perhaps still waiting for its replicas. */
  stopping = false;
  readonly #deps: SimNodeDeps;
  /** Where its files are, in memory. */
  readonly #dir: string;
  #process: Process | undefined;
  #boots = 0;

  constructor(deps: SimNodeDeps, plan: NodePlan) {
    this.#deps = deps;
    this.plan = plan;
    this.name = String(plan.port);
    this.upstream = plan.upstream;
    this.#dir = `/${this.name}`;
  }

  get port(): number {
    return this.plan.port;
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  get lane(): Lane {
    return this.#current().lane;
  }

  get server(): BundledServer {
    return this.#current().server;
  }

  /** Its own wall clock. */
  get nowMs(): number {
    return this.#current().clock.now();
  }

  /** A command of the simulator's own clients that has no reply yet. */
  get unanswered(): string | undefined {
    const clients = [...(this.#process?.clients.values() ?? [])];
    return clients.find((client) => !client.closed && client.owed > 0)?.oldest;
  }

  /** Starts a process with the node's files; `upstream` is what its configuration says. */
  boot(upstream: number | undefined): void {
    const { queue, network, draw } = this.#deps;
    const lane = queue.lane();
    const label = `${this.name}.${++this.#boots}`;
    const { skewMs, clockCostMs } = this.plan;
    const clock = new SimClock(queue, lane, { skewMs, costMs: clockCostMs });
    this.upstream = upstream;
    this.disturbedAtMs = queue.nowMs;
    this.stopping = false;
    this.hasHistory = false;
    this.#mountDisk(lane, draw.fork(`disk ${label}`));
    const server = new BundledServer({
      clock,
      random: draw.fork(label).random,
      log: this.#logger(clock),
      config: Config.fromText(this.#configText(upstream), this.#dir),
      // The same in every run, and never that of a real process which might be asked for.
      pid: this.port,
      connect: (target, events) => network.connect(this.port, lane, target, events),
      defer: (fn) => void queue.after(lane, 0.01, fn),
      changeDirectory: () => null,
      onFatal: () => this.#end('killed'),
      onStopped: () => this.#end('stopped'),
    });
    this.#process = { server, lane, clock, clients: new Map() };
    network.listen(this.port, { lane, accept: (end) => acceptClient(server, end) });
    this.#deps.onMade(this);
    void server.start();
  }

  /** To be called after each event. */
  noteLinkState(): void {
    const { linkState, role } = this.server.context.replication;
    if (role === 'master' || linkState === 'transfer') this.hasHistory = false;
    else if (linkState === 'connected') this.hasHistory = true;
  }

  /** As by `kill -9`: no goodbye, nothing saved. */
  kill(): void {
    this.#end('killed');
  }

  /** Loses what it had on disk. */
  deleteFiles(): void {
    const inside = `${this.#dir}/`;
    for (const name of memoryFiles.names()) if (name.startsWith(inside)) memoryFiles.remove(name);
  }

  /** Stops serving for a while without dying. */
  freeze(durationMs: number): void {
    // A shorter freeze does not end a longer one: events wait for the end of that already.
    const { lane } = this;
    lane.frozenUntilMs = Math.max(lane.frozenUntilMs, this.#deps.queue.nowMs + durationMs);
  }

  /** A client of the simulator; the same one for the same slot as long as the process lives. */
  client(slot: number): SimClient {
    const { clients, server } = this.#current();
    const existing = clients.get(slot);
    if (existing !== undefined && !existing.closed) return existing;
    const client = new SimClient(server);
    clients.set(slot, client);
    return client;
  }

  /** Runs `fn` as an event of this process. */
  soon(delayMs: number, fn: () => void): void {
    this.#deps.queue.after(this.lane, delayMs, fn);
  }

  /** Work on files takes time, and dies with the process that asked for it. */
  #mountDisk(lane: Lane, draw: Draw): void {
    const { diskLatencyMs } = this.plan;
    memoryFiles.mount(this.#dir, (fn) => {
      this.#deps.queue.after(lane, draw.between(0.01, diskLatencyMs), fn);
    });
  }

  #current(): Process {
    if (this.#process === undefined) throw new Error(`node ${this.name} does not run`);
    return this.#process;
  }

  #end(how: 'stopped' | 'killed'): void {
    const { queue, network, trace, onStopped } = this.#deps;
    const { lane } = this.#current();
    trace(this.name, `process ${how}`);
    this.#process = undefined;
    this.disturbedAtMs = queue.nowMs;
    lane.dead = true;
    network.dropProcess(this.port);
    if (how === 'stopped') onStopped(this);
  }

  #configText(upstream: number | undefined): string {
    const lines = [`port ${this.port}`, `dir ${this.#dir}`, ...this.plan.settings];
    if (upstream !== undefined) lines.push(`replicaof 127.0.0.1 ${upstream}`);
    return `${lines.join('\n')}\n`;
  }

  /** Without pid and time: the trace has a time of its own, and must not depend on the machine. */
  #logger(clock: SimClock): Logger {
    const { trace } = this.#deps;
    return new Logger({
      clock,
      pid: 0,
      write: (line) => trace(this.name, line.split(' ').slice(5).join(' ').trimEnd()),
    });
  }
}

/** A connection from another node, as a client of the server. */
function acceptClient(server: BundledServer, end: AcceptedEnd): PipeReader {
  const transport: ClientTransport = {
    address: end.address,
    localAddress: '127.0.0.1:0',
    get pendingBytes() {
      return end.pendingBytes;
    },
    write: (bytes, written) => end.write(bytes, written),
    gather: (bytes) => end.write(bytes),
    sendGathered: () => undefined,
    setNoDelay: () => undefined,
    pause: () => end.pause(),
    resume: () => end.resume(),
    end: () => end.end(),
    destroy: () => end.destroy(),
  };
  const client = server.networking.addClient(transport, false);
  if (client === null) throw new Error('the server refused a connection');
  return {
    onConnect: () => undefined,
    onData: (chunk) => feedClient(server, client, chunk),
    onClose: () => server.networking.close(client),
  };
}
