/**
 * An application that writes all the time: it asks around for the node that takes writes, stays
 * with it until it refuses or dies, and remembers what was acknowledged to it. For tests that
 * change who that node is.
 */
import { connectResp, type RespClient } from './resp-client.ts';
import { waitFor } from './wait-for.ts';

export class SteadyWriter {
  /** The numbers that were acknowledged, in order. */
  readonly acknowledged: number[] = [];
  readonly #key: string;
  readonly #ports: readonly number[];
  readonly #running: Promise<void>;
  #stopped = false;
  #next = 0;

  /** Begins at once; it must be stopped. */
  constructor(key: string, ports: readonly number[]) {
    this.#key = key;
    this.#ports = ports;
    this.#running = this.#run();
  }

  /** Waits until something was acknowledged that is asked for only now. */
  async progress(): Promise<void> {
    const from = this.acknowledged.length;
    await waitFor(() => this.acknowledged.length > from, { what: 'an acknowledged write' });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  /** Acknowledged numbers that the server at `port` does not have. */
  async lostAt(port: number): Promise<number[]> {
    const client = await connectResp({ port });
    try {
      const reply = await client.must('LRANGE', this.#key, 0, -1);
      const there = new Set((reply as unknown[]).map(Number));
      return this.acknowledged.filter((number) => !there.has(number));
    } finally {
      client.close();
    }
  }

  async #run(): Promise<void> {
    for (let at = 0; !this.#stopped; at++) {
      const port = this.#ports[at % this.#ports.length];
      await pause();
      const client = await connectResp({ port, timeoutMs: 1000 }).catch(() => undefined);
      if (client === undefined) continue;
      await this.#writeTo(client).catch(() => undefined); // It is gone, or holds us up: ask another.
      client.close();
    }
  }

  async #writeTo(client: RespClient): Promise<void> {
    while (!this.#stopped) {
      const number = this.#next++;
      const reply = await client.command('RPUSH', this.#key, number);
      if (typeof reply !== 'number') return;
      this.acknowledged.push(number);
      await pause();
    }
  }
}

/** An application thinks between two writes, and so leaves the processor to others. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
