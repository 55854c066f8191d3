/**
 * A link with faults: a TCP proxy that can be cut, stalled, half-closed, delayed or limited to so
 * many bytes. Put it between a replica and its master. It looks at no byte that it carries.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './free-port.ts';

/** Whither bytes flow: `toServer` from the one who dialled, `toClient` back to it. */
export type Direction = 'toServer' | 'toClient';
const directions = ['toServer', 'toClient'] as const;

export interface TcpProxy {
  /** Where clients dial, on 127.0.0.1. */
  readonly port: number;
  /** Connections open now. */
  readonly connections: number;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Bytes carried so far, over all connections. */
  readonly bytes: Readonly<Record<Direction, number>>;
  /** Drops all connections and refuses new ones, until `restore`. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  /** Drops all connections; new ones are welcome. */
  drop(): void;
  /** Carries no more bytes but keeps the connections open, until `resume`; new ones hang too. */
  stall(direction?: Direction): void;
  resume(): void;
  /** From now on what arrives in this direction is carried so much later, in the order it came. */
  delay(ms: number, direction: Direction): void;
  /** Carries so many more bytes in a direction, to the byte, and afterwards drops or stalls. */
  limit(bytes: number, options: { direction: Direction; afterwards: 'drop' | 'stall' }): void;
  /** Ends one direction (a FIN arrives there) and keeps the other. */
  halfClose(direction: Direction): void;
  close(): Promise<void>;
}

/** Starts a proxy before `target`. */
export async function startTcpProxy(target: { port: number; host?: string }): Promise<TcpProxy> {
  const proxy = new Proxy(target.port, target.host ?? '127.0.0.1', await freePort());
  await proxy.restore();
  return proxy;
}

class Proxy implements TcpProxy {
  readonly port: number;
  readonly bytes = { toServer: 0, toClient: 0 };
  accepted = 0;
  readonly #targetPort: number;
  readonly #targetHost: string;
  readonly #links = new Set<Link>();
  /** Also those of dropped links that still have bytes to deliver. */
  readonly #sockets = new Set<Socket>();
  readonly #stalled = { toServer: false, toClient: false };
  /** Bytes that may still pass before the fault; Infinity where no limit is set. */
  readonly #allowance = { toServer: Infinity, toClient: Infinity };
  readonly #afterwards: Record<Direction, 'drop' | 'stall'> = {
    toServer: 'drop',
    toClient: 'drop',
  };
  readonly #delayMs = { toServer: 0, toClient: 0 };
  #listener: Server | undefined;

  constructor(targetPort: number, targetHost: string, port: number) {
    this.#targetPort = targetPort;
    this.#targetHost = targetHost;
    this.port = port;
  }

  get connections(): number {
    return this.#links.size;
  }

  async cut(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    const closed = new Promise((resolve) => (listener ? listener.close(resolve) : resolve(null)));
    this.drop();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async restore(): Promise<void> {
    if (this.#listener) return;
    const listener = createServer({ allowHalfOpen: true }, (client) => this.#onConnection(client));
    this.#listener = listener;
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen({ port: this.port, host: '127.0.0.1' }, resolve);
    });
  }

  drop(): void {
    for (const link of this.#links) this.#dropLink(link);
  }

  stall(direction?: Direction): void {
    for (const each of direction ? [direction] : directions) this.#stalled[each] = true;
  }

  resume(): void {
    for (const direction of directions) {
      this.#stalled[direction] = false;
      this.#allowance[direction] = Infinity;
      for (const link of this.#links) this.#forward(link, direction);
    }
  }

  delay(ms: number, direction: Direction): void {
    this.#delayMs[direction] = ms;
  }

  limit(bytes: number, options: { direction: Direction; afterwards: 'drop' | 'stall' }): void {
    this.#allowance[options.direction] = bytes;
    this.#afterwards[options.direction] = options.afterwards;
    if (bytes === 0) this.#onAllowanceUsed(options.direction);
  }

  halfClose(direction: Direction): void {
    for (const link of this.#links) link[direction].to.end();
  }

  close(): Promise<void> {
    return this.cut();
  }

  #onConnection(client: Socket): void {
    this.accepted++;
    const server = connect({
      port: this.#targetPort,
      host: this.#targetHost,
      allowHalfOpen: true,
      noDelay: true,
    });
    client.setNoDelay(true);
    const link: Link = {
      toServer: { from: client, to: server, late: [], pending: [], ended: false },
      toClient: { from: server, to: client, late: [], pending: [], ended: false },
    };
    this.#links.add(link);
    for (const direction of directions) this.#attach(link, direction);
  }

  #attach(link: Link, direction: Direction): void {
    const flow = link[direction];
    this.#sockets.add(flow.from);
    flow.from.on('data', (chunk) => this.#onArrival(link, direction, chunk));
    flow.from.on('end', () => this.#onArrival(link, direction, 'end'));
    flow.to.on('drain', () => this.#forward(link, direction));
    flow.from.on('error', () => this.#dropLink(link));
    flow.from.on('close', () => {
      this.#sockets.delete(flow.from);
      this.#onClose(link, direction);
    });
  }

  /** What comes behind something that is late is late, too: the order stays. */
  #onArrival(link: Link, direction: Direction, what: Buffer | 'end'): void {
    const flow = link[direction];
    const delayMs = this.#delayMs[direction];
    if (delayMs === 0 && flow.late.length === 0) return this.#accept(link, direction, what);
    const dueMs = Math.max(performance.now() + delayMs, flow.late.at(-1)?.dueMs ?? 0);
    flow.late.push({ what, dueMs });
    if (flow.late.length === 1) this.#wakeForLate(link, direction);
  }

  #wakeForLate(link: Link, direction: Direction): void {
    const flow = link[direction];
    if (flow.late.length === 0) return;
    flow.wake = setTimeout(() => {
      while (flow.late.length > 0 && flow.late[0].dueMs <= performance.now()) {
        this.#accept(link, direction, (flow.late.shift() as Late).what);
      }
      this.#wakeForLate(link, direction);
    }, flow.late[0].dueMs - performance.now());
  }

  #accept(link: Link, direction: Direction, what: Buffer | 'end'): void {
    const flow = link[direction];
    if (what === 'end') flow.ended = true;
    else flow.pending.push(what);
    this.#forward(link, direction);
  }

  /** Passes on what waits in one direction, as far as stall, limit and back-pressure allow. */
  #forward(link: Link, direction: Direction): void {
    const flow = link[direction];
    while (flow.pending.length > 0 && this.#mayPass(flow, direction)) {
      const chunk = flow.pending.shift() as Buffer;
      const passing = chunk.subarray(0, Math.min(chunk.length, this.#allowance[direction]));
      if (passing.length < chunk.length) flow.pending.unshift(chunk.subarray(passing.length));
      flow.to.write(passing);
      this.bytes[direction] += passing.length;
      this.#allowance[direction] -= passing.length;
      if (this.#allowance[direction] === 0) this.#onAllowanceUsed(direction);
    }
    if (flow.pending.length > 0) flow.from.pause();
    else flow.from.resume();
    if (flow.ended && flow.pending.length === 0 && !this.#stalled[direction]) flow.to.end();
  }

  #mayPass(flow: Flow, direction: Direction): boolean {
    return !this.#stalled[direction] && !flow.to.writableNeedDrain && flow.to.writable;
  }

  #onAllowanceUsed(direction: Direction): void {
    this.#allowance[direction] = Infinity;
    if (this.#afterwards[direction] === 'stall') this.#stalled[direction] = true;
    // What was just written must still arrive: end instead of reset.
    else for (const link of this.#links) this.#dropLink(link, 'after-flush');
  }

  #onClose(link: Link, direction: Direction): void {
    const { late, pending, from } = link[direction];
    const stillFlows = late.length + pending.length > 0 && !from.errored;
    if (!stillFlows) this.#dropLink(link, 'after-flush');
  }

  #dropLink(link: Link, how: 'at-once' | 'after-flush' = 'at-once'): void {
    this.#links.delete(link);
    for (const direction of directions) {
      const flow = link[direction];
      flow.pending = [];
      flow.late = [];
      clearTimeout(flow.wake);
      if (how === 'at-once') flow.to.destroy();
      else flow.to.destroySoon();
    }
  }
}

/** One connection through the proxy: two flows, each with what it has read and not yet passed. */
type Link = Record<Direction, Flow>;

interface Flow {
  from: Socket;
  to: Socket;
  /** What is carried later than it came; `wake` is the timer for the first of it. */
  late: Late[];
  wake?: NodeJS.Timeout;
  pending: Buffer[];
  /** The sender has said that no more comes. */
  ended: boolean;
}

interface Late {
  what: Buffer | 'end';
  dueMs: number;
}
