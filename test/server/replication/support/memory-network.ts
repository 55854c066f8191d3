/**
 * A network without sockets: links that deliver when the test says so, in pieces if wanted, and that
 * can be cut or stalled. Deterministic: nothing moves but in `step()`, and chance comes from a seed.
 *
 *   connector ──▶ [ queue ] ──▶ acceptor        each direction: stalled or not, its reader paused
 *   connector ◀── [ queue ] ◀── acceptor        or not; delivered FIFO, one event per step
 */
import type {
  Connect,
  MasterAddress,
  Wire,
  WireEvents,
} from '../../../../src/server/replication/ports.ts';
import type { Random } from '../../../../src/util/random.ts';

type Event =
  | { readonly kind: 'connect' }
  | { readonly kind: 'data'; bytes: Uint8Array; readonly written: (() => void) | undefined }
  | { readonly kind: 'close'; readonly reason: string };

/** One direction of a link. */
class Channel {
  readonly queue: Event[] = [];
  events: WireEvents;
  stalled = false;
  paused = false;
  /** The reader destroyed its end. */
  deaf = false;

  constructor(events: WireEvents) {
    this.events = events;
  }

  get deliverable(): boolean {
    return this.queue.length > 0 && !this.stalled && !this.deaf && !this.paused;
  }
}

export interface Accepted {
  /** `ip:port` of the connecting side. */
  readonly address: string;
  readonly wire: Wire;
}

export type Listener = (accepted: Accepted) => WireEvents;

export class MemoryLink {
  readonly target: MasterAddress;
  readonly toAcceptor: Channel;
  readonly toConnector: Channel;
  open = true;

  constructor(target: MasterAddress, connectorEvents: WireEvents) {
    this.target = target;
    this.toConnector = new Channel(connectorEvents);
    this.toAcceptor = new Channel(silent);
  }

  /** Both ends hear of it next, also on a stalled link; bytes under way are lost. */
  cut(reason = 'connection reset'): void {
    if (!this.open) return;
    this.open = false;
    for (const channel of [this.toAcceptor, this.toConnector]) {
      dropData(channel);
      channel.queue.push({ kind: 'close', reason });
      channel.paused = channel.stalled = false;
    }
  }

  stall(stalled = true): void {
    this.toAcceptor.stalled = this.toConnector.stalled = stalled;
  }

  /** The end that `channel` reads from. */
  wireFor(incoming: Channel, outgoing: Channel): Wire {
    return {
      write: (bytes, written) => {
        if (this.open) outgoing.queue.push({ kind: 'data', bytes, written });
        else written?.();
      },
      pause: () => {
        incoming.paused = true;
      },
      resume: () => {
        incoming.paused = false;
      },
      destroy: () => {
        incoming.deaf = true;
        dropData(incoming);
        if (!this.open) return;
        this.open = false;
        outgoing.queue.push({ kind: 'close', reason: 'closed by the other end' });
      },
    };
  }
}

function dropData(channel: Channel): void {
  for (const event of channel.queue.splice(0)) if (event.kind === 'data') event.written?.();
}

const silent: WireEvents = {
  onConnect: () => undefined,
  onData: () => undefined,
  onClose: () => undefined,
};

export class MemoryNetwork {
  readonly links: MemoryLink[] = [];
  readonly #listeners = new Map<string, Listener>();
  /** With it, every delivery is a piece of chance length of at most `maxPieceBytes`. */
  readonly #random: Random | undefined;
  readonly #maxPieceBytes: number;
  #connections = 0;
  #turn = 0;

  constructor(options: { random?: Random; maxPieceBytes?: number } = {}) {
    this.#random = options.random;
    this.#maxPieceBytes = options.maxPieceBytes ?? 7;
  }

  /** `close` also cuts the links to the port, `stop` only takes no more. */
  listen(port: number, listener: Listener): { close(): void; stop(): void } {
    const key = keyOf({ host: '127.0.0.1', port });
    this.#listeners.set(key, listener);
    const stop = (): void => {
      this.#listeners.delete(key);
    };
    return {
      stop,
      close: () => {
        stop();
        for (const link of this.links) if (link.target.port === port) link.cut();
      },
    };
  }

  readonly connect: Connect = (target, events) => {
    const link = new MemoryLink(target, events);
    this.links.push(link);
    const { toConnector, toAcceptor } = link;
    const listener = this.#listeners.get(keyOf(target));
    if (listener === undefined) {
      toConnector.queue.push({ kind: 'close', reason: 'connect ECONNREFUSED' });
      link.open = false;
    } else {
      const address = `127.0.0.1:${50_000 + this.#connections++}`;
      toAcceptor.events = listener({ address, wire: link.wireFor(toAcceptor, toConnector) });
      toConnector.queue.push({ kind: 'connect' });
    }
    return link.wireFor(toConnector, toAcceptor);
  };

  get openLinks(): MemoryLink[] {
    return this.links.filter((link) => link.open);
  }

  /** Delivers one event; false when nothing can be delivered. */
  step(): boolean {
    const channels = this.links
      .flatMap((link) => [link.toAcceptor, link.toConnector])
      .filter((channel) => channel.deliverable);
    if (channels.length === 0) return false;
    const pick = this.#random === undefined ? this.#turn++ : this.#random.uint32();
    this.#deliver(channels[pick % channels.length]);
    return true;
  }

  #deliver(channel: Channel): void {
    const event = channel.queue[0];
    if (event.kind !== 'data') {
      channel.queue.shift();
      if (event.kind === 'connect') channel.events.onConnect();
      else channel.events.onClose(event.reason);
      return;
    }
    const piece =
      this.#random === undefined
        ? event.bytes.length
        : 1 + (this.#random.uint32() % this.#maxPieceBytes);
    // Receivers own what they get, while the sender may reuse its memory once it was written.
    const bytes = Buffer.from(event.bytes.subarray(0, piece));
    event.bytes = event.bytes.subarray(piece);
    if (event.bytes.length === 0) {
      channel.queue.shift();
      event.written?.();
    }
    channel.events.onData(bytes);
  }
}

function keyOf({ host, port }: MasterAddress): string {
  return `${host}:${port}`;
}
