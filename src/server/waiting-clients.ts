/**
 * Clients blocked in WAIT. They are answered when enough replicas have acknowledged, when their
 * time is over, or when this server stops being a master.
 */
import type { Clock, Timer } from '../util/clock.ts';
import { type Client, clientFlags } from './client.ts';

export interface WaitRequest {
  /** The client's last write: replicas must have got this far. */
  readonly offset: number;
  readonly replicas: number;
  /** 0 waits for ever. */
  readonly timeoutMs: number;
}

interface Waiter {
  readonly client: Client;
  readonly request: WaitRequest;
  readonly timer: Timer | null;
}

export interface WaitingClientsDeps {
  readonly clock: Clock;
  readonly countReplicasAt: (offset: number) => number;
  /** Asks the replicas for their offsets now rather than at their next heartbeat. */
  readonly requestAcks: () => void;
  readonly resumeInput: (client: Client) => void;
}

export class WaitingClients {
  readonly #deps: WaitingClientsDeps;
  readonly #waiters = new Set<Waiter>();

  constructor(deps: WaitingClientsDeps) {
    this.#deps = deps;
  }

  get count(): number {
    return this.#waiters.size;
  }

  /** Blocks a client; it has been found that too few replicas are there yet. */
  add(client: Client, request: WaitRequest): void {
    const { clock } = this.#deps;
    const timer =
      request.timeoutMs === 0
        ? null
        : clock.schedule(request.timeoutMs, () => this.#answer(waiter));
    const waiter: Waiter = { client, request, timer };
    this.#waiters.add(waiter);
    client.set(clientFlags.blocked, true);
    client.blocked = { kind: 'wait', cancel: () => this.#drop(waiter) };
    this.#deps.requestAcks();
  }

  /** A replica has acknowledged more, or has gone. */
  onReplicaAck(): void {
    for (const waiter of this.#waiters) {
      const { offset, replicas } = waiter.request;
      if (this.#deps.countReplicasAt(offset) >= replicas) this.#answer(waiter);
    }
  }

  /** CLIENT UNBLOCK: answers one client early; false when it is not waiting here. */
  unblock(client: Client): boolean {
    for (const waiter of this.#waiters) {
      if (waiter.client !== client) continue;
      this.#answer(waiter);
      return true;
    }
    return false;
  }

  /** This server became a replica: what they wait for cannot come any more. */
  onRoleChange(): void {
    for (const waiter of this.#waiters) {
      this.#release(
        waiter,
        '-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n',
      );
    }
  }

  #answer(waiter: Waiter): void {
    this.#release(waiter, `:${this.#deps.countReplicasAt(waiter.request.offset)}\r\n`);
  }

  #release(waiter: Waiter, reply: string): void {
    this.#drop(waiter);
    const { client } = waiter;
    client.blocked = null;
    client.set(clientFlags.blocked, false);
    client.transport.write(Buffer.from(reply));
    this.#deps.resumeInput(client);
  }

  #drop(waiter: Waiter): void {
    waiter.timer?.cancel();
    this.#waiters.delete(waiter);
  }
}
