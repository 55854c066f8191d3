import { describe, expect, it } from 'vitest';
import {
  noHistoryRequest,
  parsePsyncArgs,
  parsePsyncReply,
  parseRdbPreamble,
  parseReplconfArgs,
  printContinue,
  printFullresync,
  printPsync,
  printRdbEof,
  printRdbLength,
} from '../../src/protocol/psync-lines.ts';

const replid = 'f2b5d2b027b4a565dc57079675f0c77460897829';

function words(command: Buffer): string[] {
  return command
    .toString()
    .split('\r\n')
    .filter((line) => line !== '' && !/^[*$]\d/.test(line));
}

describe('PSYNC', () => {
  it.each([
    noHistoryRequest,
    { replid, offset: 102, failover: false },
    { replid, offset: 9_007_199_254_740_991, failover: true },
  ])('prints and parses %o', (request) => {
    const [name, ...args] = words(printPsync(request));
    expect(name).toBe('PSYNC');
    expect(parsePsyncArgs(args)).toEqual(request);
  });

  it.each(['abc', '', '1.5', '+1', '01', '-0', ' 1', '9223372036854775808'])(
    'does not accept the offset %j',
    (offset) => {
      expect(parsePsyncArgs([replid, offset])).toBeUndefined();
    },
  );

  it('ignores further words, as Redis does', () => {
    expect(parsePsyncArgs(['?', '1', '2', '3'])).toEqual({
      replid: '?',
      offset: 1,
      failover: false,
    });
  });
});

describe('replies to PSYNC', () => {
  it('prints and parses the good ones', () => {
    expect(parsePsyncReply(printFullresync(replid, 101).trimEnd())).toEqual({
      kind: 'fullresync',
      replid,
      offset: 101,
    });
    expect(parsePsyncReply(printContinue(replid).trimEnd())).toEqual({ kind: 'continue', replid });
    expect(parsePsyncReply(printContinue(undefined).trimEnd())).toEqual({
      kind: 'continue',
      replid: undefined,
    });
  });

  it.each([
    ["-NOMASTERLINK Can't SYNC while not connected with my master", 'try-later'],
    ['-LOADING Redis is loading the dataset in memory', 'try-later'],
    ['-NOAUTH Authentication required.', 'refused'],
    ["-NOPERM this user has no permissions to run the 'psync' command", 'refused'],
    ['-DENIED Redis is running in protected mode', 'refused'],
    ["-ERR unknown command 'PSYNC'", 'not-supported'],
    ['+FULLRESYNC', 'malformed'],
    ['+FULLRESYNC short 5', 'malformed'],
    [`+FULLRESYNC ${replid} -1`, 'malformed'],
    [`+FULLRESYNC ${replid} x`, 'malformed'],
    ['+CONTINUE abc', 'malformed'],
    ['+OK', 'malformed'],
    ['$5', 'malformed'],
  ])('%s is %s', (line, kind) => {
    expect(parsePsyncReply(line).kind).toBe(kind);
  });
});

describe('the preamble of an RDB', () => {
  it('prints and parses both forms', () => {
    expect(parseRdbPreamble(printRdbLength(182).trimEnd())).toEqual({
      kind: 'length',
      sizeBytes: 182,
    });
    expect(parseRdbPreamble(printRdbEof(replid).trimEnd())).toEqual({
      kind: 'eof',
      mark: Buffer.from(replid),
    });
  });

  it.each([
    ['', 'heartbeat'],
    ["-ERR BGSAVE failed, replication can't continue", 'error'],
    ['$-1', 'malformed'],
    ['$EOF:short', 'malformed'],
    ['$12x', 'malformed'],
    ['REDIS0010', 'malformed'],
  ])('%j is %s', (line, kind) => {
    expect(parseRdbPreamble(line).kind).toBe(kind);
  });
});

describe('REPLCONF', () => {
  it('reads several options at once, in any case, and ignores unknown capabilities', () => {
    const args =
      'Listening-Port 6399 CAPA eof capa PSYNC2 capa rdb-channel-repl ip-address 10.0.0.1';
    expect(parseReplconfArgs(args.split(' '))).toEqual({
      options: [
        { kind: 'listening-port', port: 6399 },
        { kind: 'capa', name: 'eof' },
        { kind: 'capa', name: 'psync2' },
        { kind: 'capa', name: 'rdb-channel-repl' },
        { kind: 'ip-address', ip: '10.0.0.1' },
      ],
    });
  });

  it.each([
    [['ack', '5'], { kind: 'ack', offset: 5 }],
    [['ACK', '5', 'fack', '5'].slice(0, 2), { kind: 'ack', offset: 5 }],
    [['getack', '*'], { kind: 'getack' }],
    [['rdb-only', '1'], { kind: 'rdb-only', enabled: true }],
    [['rdb-filter-only', ''], { kind: 'rdb-filter-only', sections: [] }],
    [['rdb-filter-only', 'functions'], { kind: 'rdb-filter-only', sections: ['functions'] }],
  ])('%j', (args, option) => {
    expect(parseReplconfArgs(args)).toEqual({ options: [option] });
  });

  // Recorded from redis-server 7.0.15.
  it.each([
    [['capa'], 'ERR syntax error'],
    [['foo', 'bar'], 'ERR Unrecognized REPLCONF option: foo'],
    [['listening-port', 'abc'], 'ERR value is not an integer or out of range'],
    [['rdb-only', 'x'], 'ERR value is not an integer or out of range'],
    [['rdb-filter-only', 'foo'], 'ERR Unsupported rdb-filter-only option: foo'],
    [
      ['ip-address', '1'.repeat(300)],
      'ERR REPLCONF ip-address provided by replica instance is too long: 300 bytes',
    ],
  ])('refuses %j', (args, error) => {
    expect(parseReplconfArgs(args).error).toBe(error);
  });

  it('keeps the options before the wrong one', () => {
    expect(parseReplconfArgs(['listening-port', '1', 'foo', 'bar']).options).toHaveLength(1);
  });
});
