/**
 * The network of a simulated cluster: connections between processes on virtual ports, with latency,
 * back-pressure and deliveries in pieces, which can be cut, stalled in either direction and healed.
 * Unlike test/server/replication/support/memory-network.ts it lives in virtual time.
 */
import type { MasterAddress, Wire, WireEvents } from '../../src/server/replication/ports.ts';
import type { Draw } from './draw.ts';
import type { EventQueue, Lane } from './event-queue.ts';
import { type NetworkTraits, Pipe, type PipeReader } from './pipe.ts';

const reset = 'read ECONNRESET';
const closed = 'closed by the other end';

/** The accepting end of a connection, as the process that listens sees it. */
export interface AcceptedEnd {
  /** `ip:port` of the connecting side. */
  readonly address: string;
  readonly pendingBytes: number;
  write(bytes: Uint8Array, written?: () => void): void;
  pause(): void;
  resume(): void;
  /** What was written still arrives. */
  end(): void;
  destroy(): void;
}

export interface Listener {
  readonly lane: Lane;
  accept(end: AcceptedEnd): PipeReader;
}

/** The process that opened a connection. */
export interface Connector {
  readonly port: number;
  readonly lane: Lane;
}

/** The accepting end sees connections come from ports of their own. */
const firstEphemeralPort = 40_000;

function addressOf(number: number): string {
  return `127.0.0.1:${firstEphemeralPort + number}`;
}

interface Connection {
  readonly fromPort: number;
  readonly toPort: number;
  readonly toAcceptor: Pipe;
  readonly toConnector: Pipe;
}

export class SimNetwork {
  readonly #queue: EventQueue;
  readonly #traits: NetworkTraits;
  readonly #draw: Draw;
  readonly #listeners = new Map<number, Listener>();
  readonly #connections = new Set<Connection>();
  /** `from>to`: nothing gets through in this direction. */
  readonly #stalled = new Set<string>();
  /** Who opened each connection, by its number. */
  readonly #connectors: Connector[] = [];
  /** The number of each process's latest connection. */
  readonly #latest = new WeakMap<Lane, number>();

  constructor(options: { queue: EventQueue; traits: NetworkTraits; draw: Draw }) {
    this.#queue = options.queue;
    this.#traits = options.traits;
    this.#draw = options.draw;
  }

  listen(port: number, listener: Listener): void {
    this.#listeners.set(port, listener);
  }

  /** Who opened the connection that its acceptor knows by this address; undefined for a former one. */
  connector(address: string): Connector | undefined {
    const number = Number(address.slice(address.indexOf(':') + 1)) - firstEphemeralPort;
    const connector = this.#connectors[number];
    return connector !== undefined && this.#latest.get(connector.lane) === number
      ? connector
      : undefined;
  }

  /** The process on `port` is gone: its connections end as those of a killed process do. */
  dropProcess(port: number): void {
    this.#listeners.delete(port);
    for (const connection of this.#connections) {
      const { fromPort, toPort, toAcceptor, toConnector } = connection;
      if (fromPort !== port && toPort !== port) continue;
      const [outgoing, incoming] =
        fromPort === port ? [toAcceptor, toConnector] : [toConnector, toAcceptor];
      incoming.deafen();
      outgoing.abort(closed);
    }
  }

  /** Both ends of all connections between two processes hear of it, half of what is under way is lost. */
  cut(a: number, b: number): void {
    for (const { toAcceptor, toConnector } of this.#between(a, b)) {
      toAcceptor.abort(reset);
      toConnector.abort(reset);
    }
  }

  /** Nothing gets from `from` to `to` any more, also on new connections, and nobody is told. */
  stall(from: number, to: number): void {
    this.#stalled.add(`${from}>${to}`);
    this.#refreshStalls();
  }

  unstall(from: number, to: number): void {
    this.#stalled.delete(`${from}>${to}`);
    this.#refreshStalls();
  }

  healAll(): void {
    this.#stalled.clear();
    this.#refreshStalls();
  }

  /** What a process on `fromPort` connects with. */
  connect(fromPort: number, lane: Lane, target: MasterAddress, events: WireEvents): Wire {
    const number = this.#connectors.push({ port: fromPort, lane }) - 1;
    this.#latest.set(lane, number);
    const connection: Connection = {
      fromPort,
      toPort: target.port,
      toAcceptor: this.#pipe(lane, undefined, `${number}>`),
      toConnector: this.#pipe(this.#queue.lane(), lane, `${number}<`),
    };
    connection.toConnector.reader = events;
    connection.toAcceptor.reader = this.#knock(connection, addressOf(number));
    this.#connections.add(connection);
    this.#refreshStall(connection);
    connection.toAcceptor.connect();
    return {
      write: (bytes, written) => connection.toAcceptor.write(bytes, written),
      pause: () => connection.toConnector.setPaused(true),
      resume: () => connection.toConnector.setPaused(false),
      destroy: () => {
        connection.toConnector.deafen();
        connection.toAcceptor.abort(closed);
      },
    };
  }

  /** The connecting side's first packet: it finds a listener, or is refused. */
  #knock(connection: Connection, address: string): PipeReader {
    const { toAcceptor } = connection;
    const nothing = (): void => undefined;
    return {
      onConnect: () => {
        const listener = this.#listeners.get(connection.toPort);
        if (listener === undefined) {
          toAcceptor.deafen();
          connection.toConnector.end(`connect ECONNREFUSED 127.0.0.1:${connection.toPort}`);
          return;
        }
        toAcceptor.lane.owner = listener.lane;
        const { toConnector } = connection;
        toConnector.writerLane = listener.lane;
        toConnector.connect();
        toAcceptor.reader = listener.accept({
          address,
          get pendingBytes() {
            return toConnector.pendingBytes;
          },
          write: (bytes, written) => toConnector.write(bytes, written),
          pause: () => toAcceptor.setPaused(true),
          resume: () => toAcceptor.setPaused(false),
          end: () => toConnector.end(closed),
          destroy: () => {
            toAcceptor.deafen();
            toConnector.abort(closed);
          },
        });
      },
      onData: nothing,
      onClose: nothing,
    };
  }

  #pipe(writerLane: Lane, readerLane: Lane | undefined, label: string): Pipe {
    const draw = this.#draw.fork(label);
    return new Pipe({ queue: this.#queue, traits: this.#traits, writerLane, readerLane, draw });
  }

  #between(a: number, b: number): Connection[] {
    return [...this.#connections].filter(
      ({ fromPort, toPort }) =>
        (fromPort === a && toPort === b) || (fromPort === b && toPort === a),
    );
  }

  #refreshStalls(): void {
    for (const connection of this.#connections) {
      const { toAcceptor, toConnector } = connection;
      if (toAcceptor.over && toConnector.over) this.#connections.delete(connection);
      else this.#refreshStall(connection);
    }
  }

  #refreshStall({ fromPort, toPort, toAcceptor, toConnector }: Connection): void {
    toAcceptor.setStalled(this.#stalled.has(`${fromPort}>${toPort}`));
    toConnector.setStalled(this.#stalled.has(`${toPort}>${fromPort}`));
  }
}
