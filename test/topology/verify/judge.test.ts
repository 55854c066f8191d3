// The judge over a simulated pair: between any two of its questions the master may write, the nodes
// may get some more of the stream, and somebody may write on the replica by hand. Whatever it calls
// different must have been damaged; and it finds damage when the world is quiet.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReplicationInfo } from '../../../src/protocol/info.ts';
import { Judge, type JudgeNode, type Verdict } from '../../../src/topology/verify/judge.ts';
import { noKey, type KeyState } from '../../../src/topology/verify/key-state.ts';
import { seededRandom, type Random } from '../../../src/util/random.ts';
import { clockThatJumps } from '../../support/clocks.ts';

const keys = ['a', 'b', 'c', 'd'];

/** A write of the stream: a small value, or none for a key that is deleted. */
interface Write {
  readonly key: string;
  readonly value: string | undefined;
}

/** What was ever written, and who has come how far in it. */
class World {
  readonly log: Write[] = [];
  readonly random: Random;
  /** Chance of a write before each question. */
  readonly writes: number;

  constructor(random: Random, writes: number) {
    this.random = random;
    this.writes = writes;
  }

  write(): void {
    const key = keys[Math.floor(this.random.float() * keys.length)];
    const choice = Math.floor(this.random.float() * 3);
    this.log.push({ key, value: choice === 0 ? undefined : `value${choice}` });
  }
}

class SimNode implements JudgeNode {
  readonly end: 'master' | 'replica';
  readonly #world: World;
  /** Chance of one more step in the stream before each question; undefined: it is the top. */
  readonly #follows: number | undefined;
  readonly #data = new Map<string, string>();
  readonly damaged = new Set<string>();
  others: SimNode[] = [];
  #applied = 0;
  #watched = new Set<string>();
  #isDirty = false;

  constructor(end: 'master' | 'replica', world: World, follows: number | undefined) {
    this.end = end;
    this.#world = world;
    this.#follows = follows;
  }

  select(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}

  async read(wanted: readonly string[]): Promise<KeyState[]> {
    const states: KeyState[] = [];
    // Not of one instant, as on a real server.
    for (const key of wanted) {
      await this.#pass();
      const text = this.#data.get(key);
      states.push(
        text === undefined
          ? noKey
          : { type: 'string', sum: { by: 'elements', text }, expireAtMs: undefined },
      );
    }
    return states;
  }

  async ask(requests: readonly (readonly string[] | string)[]): Promise<(string | null | [])[]> {
    await this.#pass();
    return requests.map(([command, ...args]) => {
      if (command === 'UNWATCH') {
        this.#watched.clear();
        this.#isDirty = false;
      } else if (command === 'WATCH') {
        this.#watched = new Set(args);
      } else if (command === 'EXEC') {
        const reply = this.#isDirty ? null : ([] as []);
        this.#watched.clear();
        this.#isDirty = false;
        return reply;
      }
      return 'OK';
    });
  }

  async replication(): Promise<ReplicationInfo> {
    await this.#pass();
    return { masterReplid: 'r', masterReplOffset: this.#applied } as ReplicationInfo;
  }

  catchUp(): void {
    while (this.#applied < this.#world.log.length) this.#applyOne();
  }

  /** A write by hand, which is not in the stream. */
  damage(key: string): void {
    this.#data.set(key, 'damaged');
    this.damaged.add(key);
    this.#touch(key);
  }

  /** Before each question something may happen anywhere. */
  async #pass(): Promise<void> {
    await Promise.resolve();
    const { random, writes } = this.#world;
    while (random.float() < writes) this.#world.write();
    for (const node of [this, ...this.others]) node.#follow();
  }

  #follow(): void {
    if (this.#follows === undefined) return this.catchUp();
    while (this.#applied < this.#world.log.length && this.#world.random.float() < this.#follows) {
      this.#applyOne();
    }
  }

  #applyOne(): void {
    const { key, value } = this.#world.log[this.#applied++];
    if (value === undefined) this.#data.delete(key);
    else this.#data.set(key, value);
    // What the stream writes over is mended.
    this.damaged.delete(key);
    this.#touch(key);
  }

  #touch(key: string): void {
    if (this.#watched.has(key)) this.#isDirty = true;
  }
}

interface Rig {
  world: World;
  master: SimNode;
  replica: SimNode;
  judge: Judge;
}

interface RigOptions {
  /** Chances, before each question: of a write, of a step of one node and of the other. */
  readonly writes: number;
  readonly masterFollows: number;
  readonly replicaFollows: number;
  /** Two replicas of a third node; otherwise a master and its replica. */
  readonly siblings: boolean;
}

function startRig(seed: number, options: RigOptions): Rig {
  const { writes, siblings, masterFollows, replicaFollows } = options;
  const world = new World(seededRandom(seed), writes);
  const master = new SimNode('master', world, siblings ? masterFollows : undefined);
  const replica = new SimNode('replica', world, replicaFollows);
  master.others = [replica];
  replica.others = [master];
  for (let at = 0; at < 10; at++) world.write();
  const judge = new Judge(
    { master, replica },
    {
      clock: clockThatJumps(),
      ttlToleranceMs: 0,
      waitMs: Infinity,
      hasFence: true,
      canWatch: true,
      clockSkewMs: 0,
      signal: new AbortController().signal,
    },
  );
  return { world, master, replica, judge };
}

function different(verdicts: readonly Verdict[]): string[] {
  return keys.filter((_, at) => verdicts[at].kind === 'different');
}

const chance = fc.double({ min: 0.05, max: 0.5, noNaN: true });
const rigs = fc.record({
  seed: fc.nat(),
  writes: chance,
  masterFollows: chance,
  replicaFollows: chance,
  siblings: fc.boolean(),
});

const evenly = { masterFollows: 0.5, replicaFollows: 0.5 };

describe('the judge', () => {
  it('calls nothing different that is only late', async () => {
    await fc.assert(
      fc.asyncProperty(rigs, async ({ seed, ...options }) => {
        const { judge } = startRig(seed, options);
        for (let round = 0; round < 3; round++) {
          expect(different(await judge.judge(0, keys))).toEqual([]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('calls different only what was damaged, also while it is', async () => {
    await fc.assert(
      fc.asyncProperty(rigs, fc.subarray(keys), async ({ seed, ...options }, victims) => {
        const { judge, replica } = startRig(seed, options);
        replica.catchUp();
        for (const key of victims) replica.damage(key);
        for (const key of different(await judge.judge(0, keys))) expect(victims).toContain(key);
      }),
      { numRuns: 100 },
    );
  });

  it('finds all damage when nobody writes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.boolean(),
        fc.subarray(keys),
        async (seed, siblings, victims) => {
          const { judge, master, replica } = startRig(seed, { ...evenly, writes: 0, siblings });
          master.catchUp();
          replica.catchUp();
          for (const key of victims) replica.damage(key);
          expect(different(await judge.judge(0, keys))).toEqual(victims);
        },
      ),
    );
  });

  it('sees in a key that is written all the time what the other has shown', async () => {
    const { judge, replica } = startRig(7, { ...evenly, writes: 0.3, siblings: false });
    expect(await judge.follow(0, 'a')).toBe(true);
    replica.catchUp();
    expect(replica.damaged.size).toBe(0);
  });
});
