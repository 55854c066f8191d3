/** What a replica makes of each answer to PSYNC; the bytes on the wire are in the transcripts. */
import { describe, expect, it } from 'vitest';
import { exchangePsync } from '../../../src/server/replication/psync-exchange.ts';
import { LinkBroken } from '../../../src/server/replication/wire-inbox.ts';
import { defaultSettings } from './support/toy-node.ts';

const replid = 'd514d62cdaed526d332f08c6a258ccc5e267c28c';
const nothing = (): void => undefined;
const silent = { debug: nothing, verbose: nothing, notice: nothing, warning: nothing };
const ours = { replid, offset: 88 };

interface Options {
  continueFrom?: typeof ours | undefined;
  handsOver?: boolean;
  givenUp?: boolean;
}

function rig(lines: string[], options: Options = {}) {
  const happened: string[] = [];
  const answer = exchangePsync({
    settings: defaultSettings(6380),
    logger: silent,
    continueFrom: options.continueFrom,
    failover: {
      handsOver: options.handsOver === true,
      onAsking: () => void happened.push('asking'),
      onAccepted: () => void happened.push('accepted'),
      onRefused: (reply) => void happened.push(`refused: ${reply}`),
    },
    write: (bytes) => void happened.push(Buffer.from(bytes).toString().replace(/\r\n/g, ' ')),
    readLine: () => Promise.resolve(lines.shift() ?? 'no more lines'),
    throwIfGivenUp: () => {
      if (options.givenUp === true) throw new LinkBroken('given up');
    },
  });
  return { answer, happened };
}

const askForAll = '*3 $5 PSYNC $1 ? $2 -1 ';
const askForRest = `*3 $5 PSYNC $40 ${replid} $2 88 `;
const askToTakeOver = `*4 $5 PSYNC $40 ${replid} $2 88 $8 FAILOVER `;

describe('the answer', () => {
  it('continues what was asked for, after signs of life', async () => {
    const { answer, happened } = rig(['', '', `+CONTINUE ${replid}`], { continueFrom: ours });
    expect(await answer).toEqual({ kind: 'continue', replid });
    expect(happened).toEqual([askForRest]);
  });

  it('may be the whole data set', async () => {
    for (const continueFrom of [undefined, ours]) {
      const { answer, happened } = rig([`+FULLRESYNC ${replid} 101`], { continueFrom });
      expect(await answer).toEqual({ kind: 'fullresync', replid, offset: 101 });
      expect(happened).toEqual([continueFrom === undefined ? askForAll : askForRest]);
    }
  });

  it('of a master before 2.8 leads to SYNC', async () => {
    const { answer, happened } = rig(["-ERR unknown command 'PSYNC'"]);
    expect(await answer).toEqual({ kind: 'sync' });
    expect(happened).toEqual([askForAll, 'SYNC ']);
  });

  it.each([
    ['+CONTINUE', 'the master continues a history that we did not ask for'],
    ['-NOMASTERLINK no', "the master cannot serve us yet: '-NOMASTERLINK no'"],
    ['-NOPERM no', "the master's user 'default' lacks a permission"],
    ['+PONG', "the master answers PSYNC with '+PONG'"],
  ])('%s ends the attempt', async (line, because) => {
    const { answer } = rig([line]);
    await expect(answer).rejects.toThrow(LinkBroken);
    await expect(answer).rejects.toThrow(because);
  });

  it('that comes to an attempt given up changes nothing', async () => {
    const { answer, happened } = rig([`+CONTINUE ${replid}`], {
      continueFrom: ours,
      handsOver: true,
      givenUp: true,
    });
    await expect(answer).rejects.toThrow('given up');
    expect(happened).toEqual(['asking', askToTakeOver]);
  });
});

describe('a request to take over', () => {
  it.each([`+CONTINUE ${replid}`, `+FULLRESYNC ${replid} 1`])('is accepted by %s', async (line) => {
    const { answer, happened } = rig([line], { continueFrom: ours, handsOver: true });
    await answer;
    expect(happened).toEqual(['asking', askToTakeOver, 'accepted']);
  });

  it('is refused by anything else, and the attempt is at its end', async () => {
    const reply = "-ERR PSYNC FAILOVER can't be sent to a master.";
    const { answer, happened } = rig([reply], { continueFrom: ours, handsOver: true });
    await expect(answer).rejects.toThrow(`the target of the failover answers '${reply}'`);
    expect(happened).toEqual(['asking', askToTakeOver, `refused: ${reply}`]);
  });

  it('is not made without a history to hand over', async () => {
    const { answer, happened } = rig([`+FULLRESYNC ${replid} 1`], { handsOver: true });
    await answer;
    expect(happened).toEqual([askForAll]);
  });
});
