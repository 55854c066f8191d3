/**
 * Golden transcripts of a replica's side of a sync, one file per case under test/transcripts: the
 * exact bytes both ways, the state in which each request is sent, the log, and what it led to.
 * Replies of masters are those recorded from redis-server 7.0.15, or known of older ones.
 */
import { describe, expect, it } from 'vitest';
import { handshakeSteps } from '../../../src/server/replication/handshake.ts';
import { expectGolden } from '../../support/golden.ts';
import type { TranscriptCase } from './support/scripted-master.ts';
import { goodScript, playTranscript } from './support/scripted-master.ts';
import { defaultSettings } from './support/toy-node.ts';

const replid = 'd514d62cdaed526d332f08c6a258ccc5e267c28c';
const newReplid = '8aa84529c9a6be274a8f2c74b351be62818f1411';
const mark = '5275722c35540b987cdfe6857eaf431605c5addf';
const rdb = JSON.stringify({ streamDb: 1, data: [[], [['a', '1']], [], []] });
const stream = '*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n';
const before = { replid, offset: 87 };
const noauth = '-NOAUTH Authentication required.';

const cases: Record<string, TranscriptCase> = {
  'full resync, length form': {
    script: {
      ...goodScript,
      PSYNC: `\n+FULLRESYNC ${replid} 101\r\n\n\n$${rdb.length}\r\n${rdb}${stream}`,
    },
    thenSeconds: 1,
  },
  'full resync, eof form': {
    script: { ...goodScript, PSYNC: `+FULLRESYNC ${replid} 101\r\n$EOF:${mark}\r\n${rdb}${mark}` },
  },
  'all options': {
    settings: {
      masterauth: 'secret',
      masteruser: 'repl',
      replicaAnnounceIp: '10.1.1.1',
      replicaAnnouncePort: 16380,
    },
    script: { ...goodScript, PING: noauth, PSYNC: "-NOMASTERLINK Can't SYNC while not connected" },
  },
  'partial resync': {
    before,
    script: { ...goodScript, PSYNC: `+CONTINUE ${replid}\r\n${stream}` },
  },
  'partial resync, new id': {
    before,
    script: { ...goodScript, PSYNC: `+CONTINUE ${newReplid}\r\n${stream}` },
  },
  'partial resync, no id in the reply': {
    before,
    script: { ...goodScript, PSYNC: `+CONTINUE\r\n${stream}` },
  },
  'partial resync refused, full instead': {
    before,
    script: { ...goodScript, PSYNC: `+FULLRESYNC ${newReplid} 5\r\n$${rdb.length}\r\n${rdb}` },
  },
  'connection refused': { thenSeconds: 2 },
  'the master wants a password, none is set': { script: { ...goodScript, PING: noauth } },
  'the master refuses the password': {
    settings: { masterauth: 'wrong' },
    script: {
      ...goodScript,
      PING: noauth,
      AUTH: '-WRONGPASS invalid username-password pair or user is disabled.',
    },
  },
  'the master has no password': {
    settings: { masterauth: 'secret' },
    script: {
      ...goodScript,
      AUTH: '-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
    },
  },
  'the user may not psync': {
    settings: { masterauth: 'secret', masteruser: 'repl' },
    script: {
      ...goodScript,
      PSYNC: "-NOPERM this user has no permissions to run the 'psync' command",
    },
  },
  'the master is in protected mode': {
    script: { PING: { close: '-DENIED Redis is running in protected mode' } },
  },
  'the master is loading': {
    script: { PING: '-LOADING Redis is loading the dataset in memory' },
  },
  'the master has too many clients': {
    script: { PING: { close: '-ERR max number of clients reached' } },
  },
  'the master has lost its own master': {
    script: {
      PING: "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    },
  },
  'the master lost its own master just now': {
    before,
    script: {
      ...goodScript,
      PSYNC: "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    },
    thenSeconds: 1,
  },
  'the user may not ping': {
    settings: { masterauth: 'secret', masteruser: 'repl' },
    before,
    script: {
      ...goodScript,
      PING: "-NOPERM this user has no permissions to run the 'ping' command",
      PSYNC: `+CONTINUE ${replid}\r\n`,
    },
  },
  'the user may not say replconf': {
    settings: { masterauth: 'secret', masteruser: 'repl', replicaAnnounceIp: '10.1.1.1' },
    before,
    script: {
      ...goodScript,
      REPLCONF: "-NOPERM this user has no permissions to run the 'replconf' command",
      PSYNC: `+CONTINUE ${replid}\r\n`,
    },
  },
  'something else than Redis answers': { script: { PING: 'HTTP/1.1 400 Bad Request\r\n\r\n' } },
  'garbage in answer to AUTH': {
    settings: { masterauth: 'secret' },
    script: { ...goodScript, PING: noauth, AUTH: '$5\r\nhello\r\n' },
  },
  'garbage in answer to PSYNC': { before, script: { ...goodScript, PSYNC: ':17' } },
  'a line without an end': { script: { PING: 'x'.repeat(5000) + '\n' } },
  'the master closes without a word': { script: { PING: { close: '' } } },
  'the master closes after PSYNC': { before, script: { ...goodScript, PSYNC: { close: '' } } },
  'the master closes between FULLRESYNC and the RDB': {
    before,
    script: { ...goodScript, PSYNC: { close: `+FULLRESYNC ${newReplid} 5\r\n` } },
  },
  'the master closes in the middle of a line': {
    before,
    // Of a reply with a line end in it the script adds none.
    script: { ...goodScript, PSYNC: { close: '\n+FULLRESYNC 8aa84529' } },
  },
  'the master closes within the mark': {
    before,
    script: {
      ...goodScript,
      PSYNC: { close: `+FULLRESYNC ${newReplid} 5\r\n$EOF:${mark}\r\n${rdb}${mark.slice(0, 20)}` },
    },
  },
  'a wrong mark at the end': {
    before,
    settings: { replTimeoutSec: 3 },
    script: {
      ...goodScript,
      PSYNC: `+FULLRESYNC ${newReplid} 5\r\n$EOF:${mark}\r\n${rdb}${mark.replace('5', '6')}`,
    },
    thenSeconds: 4,
  },
  'a negative size': {
    before,
    script: { ...goodScript, PSYNC: `+FULLRESYNC ${newReplid} 5\r\n$-1\r\n` },
  },
  'a mark that is too short': {
    before,
    script: { ...goodScript, PSYNC: `+FULLRESYNC ${newReplid} 5\r\n$EOF:abc\r\n` },
  },
  'an offset that is no number': {
    before,
    script: { ...goodScript, PSYNC: `+FULLRESYNC ${newReplid} x\r\n` },
  },
  'an error in the stream': {
    before,
    script: { ...goodScript, PSYNC: `+CONTINUE\r\n${stream}-ERR something\r\n` },
  },
  'the master serves us later': {
    before,
    script: {
      ...goodScript,
      PSYNC: "-NOMASTERLINK Can't SYNC while not connected with my master",
    },
    thenSeconds: 1,
  },
  'an old master, without REPLCONF and PSYNC': {
    before,
    script: {
      PING: '+PONG',
      REPLCONF: "-ERR unknown command 'REPLCONF'",
      PSYNC: "-ERR unknown command 'PSYNC'",
      SYNC: `\n$${rdb.length}\r\n${rdb}${stream}`,
    },
    thenSeconds: 2,
  },
  'a malformed FULLRESYNC': { script: { ...goodScript, PSYNC: '+FULLRESYNC abc 5' } },
  'a CONTINUE that nobody asked for': { script: { ...goodScript, PSYNC: '+CONTINUE' } },
  'no RDB after FULLRESYNC': {
    before,
    script: { ...goodScript, PSYNC: `+FULLRESYNC ${newReplid} 5\r\nhello\r\n` },
  },
  'the master cannot make an RDB': {
    before,
    script: {
      ...goodScript,
      PSYNC: `+FULLRESYNC ${newReplid} 5\r\n-ERR BGSAVE failed, replication can't continue\r\n`,
    },
  },
  'the master goes away while it sends': {
    before,
    script: {
      ...goodScript,
      PSYNC: { close: `+FULLRESYNC ${newReplid} 5\r\n$${rdb.length}\r\n${rdb.slice(0, 9)}` },
    },
  },
  'an RDB that cannot be loaded': {
    before,
    script: { ...goodScript, PSYNC: `+FULLRESYNC ${newReplid} 5\r\n$5\r\n12345` },
  },
  'garbage in the stream': {
    before,
    script: { ...goodScript, PSYNC: `+CONTINUE\r\n${stream}garbage\r\n` },
  },
  'silence after PING': { script: {}, settings: { replTimeoutSec: 3 }, thenSeconds: 4 },
  'silence after PSYNC': {
    before,
    settings: { replTimeoutSec: 3 },
    script: goodScript,
    thenSeconds: 4,
  },
  'silence in the transfer': {
    before,
    settings: { replTimeoutSec: 3 },
    script: { ...goodScript, PSYNC: `+FULLRESYNC ${newReplid} 5\r\n$${rdb.length}\r\nabc` },
    thenSeconds: 4,
  },
  'silence in the stream': {
    before,
    settings: { replTimeoutSec: 3 },
    script: { ...goodScript, PSYNC: `+CONTINUE\r\n${stream}` },
    thenSeconds: 4,
  },
};

describe('handshake transcripts', () => {
  it.each(Object.entries(cases))('%s', async (name, one) => {
    const text = await playTranscript(one);
    expect(text).toContain('link state:');
    const file = name.replaceAll(/[^a-zA-Z]+/g, '-').toLowerCase();
    expectGolden(text, new URL(`../../transcripts/replica/${file}.txt`, import.meta.url));
  });
});

describe('the table of steps', () => {
  it('skips what is not set', () => {
    const states = handshakeSteps
      .filter((step) => !step.skip(defaultSettings(6380)))
      .map((step) => step.state);
    expect(states).toEqual(['receive-ping-reply', 'receive-port-reply', 'receive-capa-reply']);
  });

  it('goes on after -NOAUTH to PING only with a password to send', () => {
    const [ping] = handshakeSteps;
    const settings = { ...defaultSettings(6380), masterauth: 'secret' };
    expect(ping.judge(noauth, settings)).toEqual({ kind: 'go-on' });
    const verdict = ping.judge(noauth, defaultSettings(6380));
    expect(verdict).toMatchObject({
      kind: 'fatal',
      because: expect.stringContaining('masterauth is not set but the master asks for a password'),
    });
  });
});
