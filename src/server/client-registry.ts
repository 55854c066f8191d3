/** All connected clients by id, in the order they came. CLIENT LIST, KILL and INFO read it. */
import type { Client } from './client.ts';

export class ClientRegistry {
  readonly #byId = new Map<number, Client>();
  #lastId = 0;
  /** Clients in MONITOR; dispatch shows them every command. */
  readonly monitors = new Set<Client>();

  nextId(): number {
    return ++this.#lastId;
  }

  add(client: Client): void {
    this.#byId.set(client.id, client);
  }

  remove(client: Client): void {
    this.#byId.delete(client.id);
    this.monitors.delete(client);
  }

  get(id: number): Client | undefined {
    return this.#byId.get(id);
  }

  get count(): number {
    return this.#byId.size;
  }

  /** A copy, so that closing clients while going through it is safe. */
  all(): Client[] {
    return [...this.#byId.values()];
  }
}
