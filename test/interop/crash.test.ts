/**
 * kill -9 at random instants under load: what the append-only file promises, and what an RDB does.
 * CRASH_ROUNDS=200 makes the long run of it; CRASH_SEED repeats one.
 */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { seededRandom } from '../../src/util/random.ts';
import { useResources } from '../support/resources.ts';
import { formatReply, type RespClient } from '../support/resp-client.ts';
import { waitFor } from '../support/wait-for.ts';

const use = useResources();
const rounds = Number(process.env['CRASH_ROUNDS'] ?? 4);
const seed = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000);
const roundTimeoutMs = 15_000;

/** Whatever the policy, the kernel has what was acknowledged: only a machine that dies loses some. */
test.each(['always', 'everysec', 'no'])(
  `nothing acknowledged is lost with appendfsync %s (CRASH_SEED=${seed})`,
  async (policy) => {
    const random = seededRandom(seed);
    const args = ['--appendonly', 'yes', '--appendfsync', policy, '--save', ''];
    const server = await use.server('bundled', { args });
    let next = 0;
    for (let round = 0; round < rounds; round++) {
      const load = new Load(await use.client(server), next);
      const goal = next + 5 + Math.floor(random.float() * 300);
      await load.until(() => load.acknowledged >= goal);
      if (random.float() < 0.4) await server.cli('BGREWRITEAOF');
      const more = Math.floor(random.float() * 60);
      await load.until(() => load.acknowledged >= goal + more);
      await server.kill9();
      await server.restart();
      const again = await use.client(server);
      const counter = Number(await again.must('GET', 'counter'));
      expect(counter).toBeGreaterThanOrEqual(load.acknowledged);
      expect(counter).toBeLessThanOrEqual(load.sent);
      // The list and the counter grow in one transaction: one without the other is half of it.
      expect(await again.must('LLEN', 'list')).toBe(counter);
      next = counter;
    }
  },
  rounds * roundTimeoutMs,
);

test(
  `a save that is broken off leaves the last one whole (CRASH_SEED=${seed})`,
  async () => {
    const random = seededRandom(seed);
    const server = await use.server('bundled', { args: ['--save', ''] });
    // So that a save takes as long as some of the load.
    await server.cli('DEBUG', 'POPULATE', 20_000);
    let next = 0;
    for (let round = 0; round < rounds; round++) {
      const load = new Load(await use.client(server), next);
      const saver = new Saver(await use.client(server), load);
      await load.until(() => saver.saves > 0 && load.acknowledged > next);
      const goal = load.acknowledged + Math.floor(random.float() * 400);
      await load.until(() => load.acknowledged >= goal);
      await server.kill9();
      await server.restart();
      expect(readdirSync(server.dir).filter((name) => name.startsWith('temp-'))).toEqual([]);
      const again = await use.client(server);
      const counter = Number(await again.must('GET', 'counter'));
      expect(counter).toBeGreaterThanOrEqual(saver.saved);
      expect(counter).toBeLessThanOrEqual(load.sent);
      expect(await again.must('LLEN', 'list')).toBe(counter);
      expect(await again.must('DBSIZE')).toBe(20_002);
      next = counter;
    }
  },
  rounds * roundTimeoutMs,
);

/** One BGSAVE after the other, until the connection ends. */
class Saver {
  saves = 0;
  /** What had been acknowledged when the last save that is complete began. */
  saved = 0;

  constructor(client: RespClient, load: Load) {
    void this.#run(client, load).catch(() => undefined);
  }

  async #run(client: RespClient, load: Load): Promise<void> {
    for (;;) {
      const before = load.acknowledged;
      await client.must('BGSAVE');
      await waitFor(
        async () =>
          formatReply(await client.must('INFO', 'persistence')).includes('bgsave_in_progress:0'),
        { what: 'the save', timeoutMs: roundTimeoutMs },
      );
      this.saved = before;
      this.saves++;
    }
  }
}

/** Transactions, a few under way at a time, until the connection ends. */
class Load {
  sent: number;
  acknowledged: number;
  #ended = false;

  constructor(client: RespClient, from: number) {
    this.sent = this.acknowledged = from;
    for (let lane = 0; lane < 4; lane++) void this.#run(client);
  }

  async until(condition: () => boolean): Promise<void> {
    await waitFor(() => condition() || this.#ended, {
      what: 'the load',
      timeoutMs: roundTimeoutMs,
    });
    if (this.#ended) throw new Error('the server did not answer until it was killed');
  }

  async #run(client: RespClient): Promise<void> {
    try {
      for (;;) {
        this.sent++;
        const replies = await client.pipeline([
          ['MULTI'],
          ['INCR', 'counter'],
          ['RPUSH', 'list', this.sent],
          ['EXEC'],
        ]);
        if (!Array.isArray(replies[3])) throw new Error('a transaction was refused');
        this.acknowledged++;
      }
    } catch {
      this.#ended = true;
    }
  }
}
