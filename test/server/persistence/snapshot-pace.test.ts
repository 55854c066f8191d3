import { expect, it } from 'vitest';
import { SnapshotPace } from '../../../src/server/persistence/snapshot-pace.ts';

/** A loop whose turns take as long as they are said to. */
class Loop {
  nowMs = 0;
  requests = 0;
  bytes = 0;
  walkedMs = 0;
  readonly pace = new SnapshotPace({
    monotonicMs: () => this.nowMs,
    requests: () => this.requests,
    bytesWritten: () => this.bytes,
  });

  /** One turn: what others do, then a slice of a millisecond and a thousand bytes if it is due. */
  turn({ ms, requests = 0, savedBytes = 0 }: Turn): boolean {
    this.nowMs += ms;
    this.requests += requests;
    this.bytes += savedBytes;
    if (!this.pace.isDue()) return false;
    this.pace.slice(() => {
      this.nowMs += 1;
      this.walkedMs += 1;
      this.bytes += 1000;
    });
    return true;
  }

  /** The part of the time that the walk has had. */
  get share(): number {
    return this.walkedMs / this.nowMs;
  }
}

interface Turn {
  ms: number;
  requests?: number;
  savedBytes?: number;
}

it('gives a snapshot all the time of a server that is left alone', () => {
  const loop = new Loop();
  for (let turn = 0; turn < 1000; turn++) expect(loop.turn({ ms: 0.001 })).toBe(true);
});

it('gives it a fifth of the time of a server that has all it can do, whatever a turn takes', () => {
  for (const ms of [0.05, 0.3, 1, 7]) {
    const loop = new Loop();
    for (let turn = 0; turn < 5000; turn++) loop.turn({ ms, requests: 5 });
    expect(loop.share).toBeGreaterThan(ms > 4 ? 0.1 : 0.18); // No more than a slice a turn.
    expect(loop.share).toBeLessThan(0.21);
  }
});

it('counts what writes had to save ahead of it', () => {
  const loop = new Loop();
  // A tenth of each turn goes for that, by what a slice pays for its bytes.
  for (let turn = 0; turn < 5000; turn++) loop.turn({ ms: 1, requests: 5, savedBytes: 100 });
  const [walk, early] = [loop.share, (5000 * 0.1) / loop.nowMs];
  expect(walk + early).toBeCloseTo(0.2, 1);
  expect(walk).toBeLessThan(0.13);
});

it('leaves a client that waits for each answer more than every other moment', () => {
  const loop = new Loop();
  // It takes 30 µs to ask again.
  for (let request = 0, asksAtMs = 0; request < 5000;) {
    const asks = loop.nowMs >= asksAtMs;
    if (asks) request++;
    if (asks) asksAtMs = loop.nowMs + 0.01 + 0.03;
    loop.turn(asks ? { ms: 0.01, requests: 1 } : { ms: 0.003 });
  }
  expect(loop.share).toBeLessThan(0.6);
});

it('goes on at once when the clients have gone, however much they made it owe', () => {
  const loop = new Loop();
  loop.turn({ ms: 0 });
  loop.turn({ ms: 1, requests: 1, savedBytes: 10_000_000 });
  let waitedMs = 0;
  while (!loop.turn({ ms: 0.5 })) waitedMs += 0.5;
  expect(waitedMs).toBeLessThanOrEqual(10);
});
