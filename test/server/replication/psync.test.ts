import { describe, expect, it } from 'vitest';
import type { FullresyncReason } from '../../../src/server/replication/psync.ts';
import type { PsyncRefusal } from '../../../src/server/replication/psync.ts';
import { describeRefusal, judgePsync } from '../../../src/server/replication/psync.ts';

const ours = 'a'.repeat(40);
const former = 'b'.repeat(40);
const foreign = 'c'.repeat(40);
const history = { masterReplid: ours, masterReplid2: former, secondReplOffset: 101 };
const window = { active: true, firstByteOffset: 51, masterReplOffset: 150 };

function judge(replid: string, offset: number, state = { history, window }) {
  return judgePsync({ replid, offset, failover: false }, state);
}

describe('judgePsync continues', () => {
  it.each([
    ['from the first byte of the backlog', ours, 51, 100],
    ['from the middle', ours, 100, 51],
    ['with the last byte', ours, 150, 1],
    ['with nothing to send', ours, 151, 0],
    ['an id in capital letters', ours.toUpperCase(), 151, 0],
    ['the former history', former, 60, 91],
    ['the former history at its very end', former, 101, 50],
  ])('%s', (_, replid, offset, pendingBytes) => {
    expect(judge(replid, offset)).toEqual({
      kind: 'continue',
      from: offset,
      pendingBytes,
      replid: ours,
    });
  });
});

/** Columns: reason, what is asked, what the log line must say. */
const refusals: [FullresyncReason, string, number, string][] = [
  ['no-history', '?', -1, 'no history'],
  ['foreign-history', foreign, 100, foreign],
  ['second-history-too-far', former, 102, 'up to 101'],
  ['backlog-too-short', ours, 50, 'repl-backlog-size of 101 bytes'],
  ['backlog-too-short', former, 1, '50 bytes too late'],
  ['ahead-of-master', ours, 152, 'ahead of this master by 1 bytes'],
];

describe('judgePsync refuses', () => {
  it.each(refusals)('%s', (because, replid, offset, said) => {
    const verdict = judge(replid, offset) as PsyncRefusal;
    expect(verdict).toMatchObject({ kind: 'fullresync', because });
    const line = describeRefusal('10.0.0.7:6380', verdict);
    expect(line).toContain('replica 10.0.0.7:6380');
    expect(line).toContain(said);
    const compared = [`asked for ${replid}:${offset}`, `${ours}:150`];
    expect(compared.every((part) => line.includes(part))).toBe(because !== 'no-history');
  });

  it('everything while no backlog is kept', () => {
    const verdict = judge(ours, 151, {
      history,
      window: { active: false, firstByteOffset: 0, masterReplOffset: 150 },
    }) as PsyncRefusal;
    expect(verdict).toMatchObject({ because: 'backlog-inactive' });
    expect(describeRefusal('r', verdict)).toContain('repl-backlog-ttl');
  });

  it('the id of forty zeros when there is no former history', () => {
    const none = { masterReplid: ours, masterReplid2: '0'.repeat(40), secondReplOffset: -1 };
    expect(judge('0'.repeat(40), 60, { history: none, window })).toMatchObject({
      because: 'foreign-history',
    });
  });
});
