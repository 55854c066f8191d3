/**
 * Writes that must not get lost. A marker is a key in a database of its own. A master that said OK
 * keeps it until it dies, follows another or is flushed; a replica counted by WAIT holds it.
 */
import type { RespArg, RespValue } from '../support/resp-value.ts';
import type { Draw } from './draw.ts';
import { readFacts } from './node-facts.ts';
import { isError, type SimClient } from './sim-client.ts';
import type { SimNode } from './sim-node.ts';

const markerDb = 3;

export class Markers {
  readonly #nodes: readonly SimNode[];
  readonly #nowMs: () => number;
  /** What each node that is a master must hold. */
  readonly #owed = new Map<SimNode, Set<string>>();
  #count = 0;

  constructor(nodes: readonly SimNode[], nowMs: () => number) {
    this.#nodes = nodes;
    this.#nowMs = nowMs;
  }

  /** Writes one and waits for replicas; throws when a counted replica does not hold it. */
  write(node: SimNode, client: SimClient, draw: Draw): Buffer {
    const key = `marker:${++this.#count}`;
    let writtenAtMs = -1;
    const onSet = (reply: RespValue): void => {
      if (reply !== 'OK') return;
      writtenAtMs = this.#nowMs();
      this.#of(node).add(key);
    };
    const onWait = (reply: RespValue): void => {
      if (writtenAtMs >= 0 && typeof reply === 'number') {
        this.#checkWait(node, { key, writtenAtMs, counted: reply });
      }
    };
    const wait: RespArg[] = ['WAIT', draw.int(1, 3), draw.pick([1, 20, 500, 3000])];
    return Buffer.concat([
      client.encode(['SELECT', markerDb]),
      client.encode(['SET', key, this.#count], onSet),
      client.encode(wait, onWait),
    ]);
  }

  flush(client: SimClient, node: SimNode): Buffer {
    return client.encode(['FLUSHALL'], (reply) => {
      if (!isError(reply)) this.#of(node).clear();
    });
  }

  /** The node begins to be a master, or begins anew: it owes what it has. */
  begin(node: SimNode): void {
    const { dict } = node.server.context.keyspace.databases[markerDb];
    const held = new Set<string>();
    dict.walk(0, (ref) => {
      held.add(dict.key(ref).toString());
      return true;
    });
    this.#owed.set(node, held);
  }

  /** The node follows another one, or is dead: its data are the other's from now on. */
  forget(node: SimNode): void {
    this.#owed.delete(node);
  }

  /** Markers that a master has lost. */
  missing(node: SimNode): string[] {
    return [...this.#of(node)].filter((key) => !holds(node, key));
  }

  #of(node: SimNode): Set<string> {
    const owed = this.#owed.get(node) ?? new Set();
    this.#owed.set(node, owed);
    return owed;
  }

  #checkWait(master: SimNode, marker: { key: string; writtenAtMs: number; counted: number }): void {
    // Flushed meanwhile: gone everywhere, and rightly.
    if (!this.#of(master).has(marker.key)) return;
    // A replica that acknowledged may have died or turned to another master since.
    const possible = this.#nodes.filter(
      (node) =>
        node !== master &&
        (node.disturbedAtMs >= marker.writtenAtMs || (node.running && holds(node, marker.key))),
    );
    if (possible.length >= marker.counted) return;
    // A replica that came back counts twice until its former connection is found dead. [as in Redis]
    const { replicas } = readFacts(master);
    const connections = (node: SimNode): number =>
      replicas.filter(({ port }) => port === node.port).length;
    const most = possible.reduce((sum, node) => sum + Math.max(1, connections(node)), 0);
    if (most >= marker.counted) return;
    throw new Error(
      `WAIT counted ${marker.counted} replicas for ${marker.key} on ${master.name}, but at most ` +
        `${possible.length} can have it: ${possible.map(({ name }) => name).join(', ')}`,
    );
  }
}

function holds(node: SimNode, key: string): boolean {
  const bytes = Buffer.from(key);
  const { dict } = node.server.context.keyspace.databases[markerDb];
  return dict.find(bytes, 0, bytes.length) !== 0;
}
