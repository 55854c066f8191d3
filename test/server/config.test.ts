/**
 * The server's Config against what a real 7.0.15 answered: CONFIG GET, CONFIG SET and its refusals,
 * roll back, listeners, the file on disk, and what the bundled server refuses to start with.
 */
import {
  chmodSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfError } from '../../src/redis-conf/conf-error.ts';
import { Config } from '../../src/server/config.ts';
import { useResources } from '../support/resources.ts';

const use = useResources();

describe('CONFIG GET', () => {
  const rows = readFixture('config-get-7.0.15.json') as [name: string, value: string, 'hidden'?][];

  /** Names whose answer differs from the real server's on purpose, and why. */
  const differs: Readonly<Record<string, string>> = {};

  test('* of a default configuration is the real answer', () => {
    const config = Config.fromText('', '/srv/data');
    const expected = rows.filter(([name, , hidden]) => !hidden && !(name in differs));
    const wanted = expected.map(([name, value]) => [name, value.replace('{dir}', '/srv/data')]);
    expect(sorted(config.get(['*']))).toEqual(sorted(wanted));
  });

  test('hidden directives answer to their exact name alone', () => {
    for (const [name, value, hidden] of rows) {
      if (!hidden) continue;
      expect(Config.fromText().get([name])).toEqual([[name, value]]);
      expect(Config.fromText().get([`${name}*`])).toEqual([]);
    }
  });

  test('several patterns: each name once, as it was asked for', () => {
    const config = Config.fromText();
    expect(config.get(['MAXMEMORY', 'maxmemory', 'maxmemory-s*', 'none', ''])).toEqual([
      ['MAXMEMORY', '0'],
      ['maxmemory-samples', '5'],
    ]);
  });
});

describe('CONFIG SET', () => {
  const script = readFixture('config-set-7.0.15.json') as [
    args: [verb: 'get' | 'set', ...string[]],
    reply: unknown,
  ][];

  /** Names for which the real server of the fixture answered otherwise than we do, and why. */
  const differs: Readonly<Record<string, string>> = {
    activedefrag: 'that server was built without it; ours accepts it and it has no effect',
    appendonly: 'refused until the bundled server has an AOF',
    bind: 'whether addresses can be bound is up to the listener',
    maxclients: 'the limit of open files is up to the listener',
    'tls-port': 'the bundled server has no TLS',
  };

  test('answers as the real server, one step after the other', () => {
    const config = Config.fromText('enable-protected-configs yes\nport 16500\nbind 127.0.0.1');
    for (const [[verb, ...args], reply] of script) {
      const syntax = args.length === 0 || (verb === 'set' && args.length % 2 !== 0);
      if (syntax || args.some((arg) => arg in differs)) continue;
      const answer = verb === 'set' ? setReply(config, args) : sorted(config.get(args));
      const expected = verb === 'set' ? reply : sorted(pairsOf(reply as string[]));
      expect([args, answer]).toEqual([args, expected]);
    }
  });

  test('dir stays absolute', async () => {
    const dir = await use.tempDir();
    const config = Config.fromText('enable-protected-configs yes', '/');
    expect(config.set([['dir', dir]])).toEqual({ kind: 'ok' });
    expect(config.set([['dir', '..']])).toEqual({ kind: 'ok' });
    expect(config.get(['dir'])).toEqual([['dir', dirname(dir)]]);
  });

  test('protected directives need the permission', () => {
    const set = (level: string, local: boolean): string => {
      const config = Config.fromText(`enable-protected-configs ${level}`);
      const result = config.set([['dbfilename', 'x.rdb']], { local });
      return result.kind === 'ok' ? 'OK' : result.reply;
    };
    const refusal =
      "ERR CONFIG SET failed (possibly related to argument 'dbfilename') - can't set protected config";
    expect(set('no', true)).toBe(refusal);
    expect(set('local', false)).toBe(refusal);
    expect(set('local', true)).toBe('OK');
    expect(set('yes', false)).toBe('OK');
  });

  test('all or nothing, the plain fields included', () => {
    const config = Config.fromText();
    const result = config.set([
      ['maxmemory', '5mb'],
      ['replica-read-only', 'no'],
      ['hz', 'x'],
    ]);
    expect(result.kind).toBe('refused');
    expect([config.maxmemory, config.values.maxmemory, config.replicaReadOnly]).toEqual([
      0,
      0,
      true,
    ]);
    expect(config.set([['maxmemory', '5mb']])).toEqual({ kind: 'ok' });
    expect([config.maxmemory, config.values.maxmemory]).toEqual([5242880, 5242880]);
  });

  test('a name and its alias are two parameters, the later wins', () => {
    const config = Config.fromText();
    config.set([
      ['slave-priority', '5'],
      ['replica-priority', '6'],
    ]);
    expect(config.values.replicaPriority).toBe(6);
  });

  test('values that the bundled server cannot honour are refused, and stay as they were', () => {
    const config = Config.fromText();
    for (const [name, value] of [
      ['tls-port', '1'],
      ['tls-replication', 'yes'],
    ] as const) {
      const result = config.set([[name, value]]);
      expect(result).toMatchObject({
        kind: 'refused',
        reply: expect.stringMatching(/^ERR CONFIG SET/),
      });
    }
    expect(config.values.tlsPort).toBe(0);
  });
});

describe('listeners', () => {
  test('hear of changed values only', () => {
    const config = Config.fromText();
    const heard: unknown[] = [];
    const listen = (value: unknown): null => void heard.push(value) as unknown as null;
    config.onChange('repl-backlog-size', (size) => (listen(size), null));
    config.onChange('save', (points) => (listen(points), null));
    config.set([['repl-backlog-size', '1048576']]);
    config.set([
      ['repl-backlog-size', '2mb'],
      ['save', '1 2'],
    ]);
    expect(heard).toEqual([2097152, [{ seconds: 1, changes: 2 }]]);
  });

  test('a refusal puts everything back, also in the parts that had agreed', () => {
    const config = Config.fromText();
    const timeouts: number[] = [];
    config.onChange('timeout', (value) => (timeouts.push(value), null));
    config.onChange('port', (value) => (value === 1 ? 'Unable to listen on this port' : null));
    const result = config.set([
      ['timeout', '9'],
      ['port', '1'],
    ]);
    expect(result).toEqual({
      kind: 'refused',
      reply:
        "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port",
    });
    expect(timeouts).toEqual([9, 0]);
    expect([config.values.timeout, config.values.port]).toEqual([0, 6379]);
  });
});

describe('CONFIG REWRITE', () => {
  test('needs a file', () => {
    expect(Config.fromText().rewrite()).toEqual({
      kind: 'refused',
      reply: 'ERR The server is running without a config file',
    });
  });

  test('keeps the mode, follows a link, leaves nothing beside it', async () => {
    const dir = await use.tempDir();
    writeFileSync(join(dir, 'redis.conf'), '# mine\nhz 20\nreplicaof h 1\n');
    chmodSync(join(dir, 'redis.conf'), 0o600);
    symlinkSync('redis.conf', join(dir, 'link.conf'));
    const config = Config.fromCommandLine(
      { kind: 'run', confFile: 'link.conf', confFromStdin: false, optionsText: '' },
      dir,
    );
    expect(config.configFile).toBe(join(dir, 'link.conf'));
    config.override('replicaof', ['no', 'one']);
    config.set([['requirepass', 'Ã\xff']]);
    expect(config.rewrite()).toEqual({ kind: 'ok' });

    const text = readFileSync(join(dir, 'redis.conf'), 'latin1');
    expect(text).toMatch(/^# mine\nhz 20\n\n# Generated by CONFIG REWRITE\n/);
    expect(text).toContain('requirepass "\\xc3\\xff"\n');
    expect(statSync(join(dir, 'redis.conf')).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir).sort()).toEqual(['link.conf', 'redis.conf']);

    const again = Config.load({ file: 'x', fileText: text }, dir);
    expect(again.get(['*'])).toEqual(config.get(['*']));
  });

  test('says what the system says', async () => {
    const dir = await use.tempDir();
    const config = Config.load({ file: join(dir, 'gone', 'redis.conf'), fileText: '' });
    expect(config.rewrite()).toEqual({
      kind: 'refused',
      reply: 'ERR Rewriting config file: No such file or directory',
    });
  });
});

describe('starting', () => {
  test('a file that is not there', () => {
    const run = {
      kind: 'run',
      confFile: 'gone.conf',
      confFromStdin: false,
      optionsText: '',
    } as const;
    expect(() => Config.fromCommandLine(run, '/nowhere')).toThrow(
      "Fatal error, can't open config file '/nowhere/gone.conf': No such file or directory",
    );
  });

  test.each<[line: string, because: string]>([
    ['cluster-enabled yes', 'no cluster mode'],
    ['tls-port 6380', 'no TLS'],
    ['tls-replication yes', 'no TLS'],
    ['aclfile users.acl', 'no ACL files'],
    ['loadmodule /x.so', 'cannot load modules'],
    ['user alice on >p ~* +@all', 'no users besides the default one'],
    ['user default on nopass ~* &* -@all', 'no users besides the default one'],
    ['user default on >p ~* &* +@all', 'no users besides the default one'],
    ['sentinel monitor a b 1 2', 'sentinel directive while not in sentinel mode'],
  ])('refuses %s', (line, because) => {
    const config = Config.load({ file: 'redis.conf', fileText: `hz 10\n${line}\n` }, '/');
    expect(() => config.validateForBundledServer()).toThrow(ConfError);
    expect(() => config.validateForBundledServer()).toThrow('redis.conf, line 2');
    expect(() => config.validateForBundledServer()).toThrow(because);
  });

  test('accepts what it need not honour, and can name it', () => {
    const config = Config.fromText(
      'io-threads 4\nappendonly no\nactivedefrag yes\ntls-port 0\naclfile ""\nhz 20',
    );
    expect(() => config.validateForBundledServer()).not.toThrow();
    expect(config.ignoredDirectives()).toEqual(['activedefrag', 'io-threads']);
    expect([config.isExplicit('hz'), config.isExplicit('timeout')]).toEqual([true, false]);
  });

  test("accepts the default user's line that says what requirepass says", () => {
    // As CONFIG REWRITE of a real server leaves them.
    const open = 'user default on nopass sanitize-payload ~* &* +@all';
    const closed =
      'requirepass x\nuser default on sanitize-payload ' +
      '#2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 ~* &* +@all';
    for (const text of [open, closed]) {
      expect(() => Config.fromText(text).validateForBundledServer()).not.toThrow();
    }
    expect(() => Config.fromText(`requirepass x\n${open}`).validateForBundledServer()).toThrow(
      'no users',
    );
    const config = Config.fromText(open);
    config.set([['requirepass', 'x']]);
    expect(Config.fromText(config.rewrittenText(open)).validateForBundledServer()).toBeUndefined();
  });
});

test('typed values', () => {
  const { values } = Config.fromText(
    'replicaof ::1 6379\nunixsocketperm 700\nmaxmemory-clients 5%',
  );
  const size: number = values.replBacklogSize;
  const policy: 'noeviction' | 'allkeys-lru' | (string & {}) = values.maxmemoryPolicy;
  expect([size, policy, values.replicaReadOnly, values.bind]).toEqual([
    1048576,
    'noeviction',
    true,
    ['*', '-::*'],
  ]);
  expect(values.replicaof).toEqual({ host: '::1', port: 6379 });
  expect(values.unixsocketperm).toBe(0o700);
  expect(values.maxmemoryClients).toEqual({ kind: 'percent', percent: 5 });
  expect(values.clientOutputBufferLimit.replica).toEqual({
    hardBytes: 268435456,
    softBytes: 67108864,
    softSeconds: 60,
  });
  expect(values.save[2]).toEqual({ seconds: 60, changes: 10000 });
});

function setReply(config: Config, args: readonly string[]): string {
  const pairs = args.flatMap((name, index) =>
    index % 2 === 0 ? [[name, args[index + 1]] as const] : [],
  );
  const result = config.set(pairs);
  return result.kind === 'ok' ? '+OK' : `-${result.reply}`;
}

function pairsOf(reply: readonly string[]): [string, string][] {
  return reply.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, reply[index + 1]]] : [],
  );
}

function sorted(rows: readonly (readonly string[])[]): (readonly string[])[] {
  return [...rows].sort((one, other) => (one[0] < other[0] ? -1 : 1));
}

function readFixture(name: string): unknown {
  const file = new URL(`../fixtures/redis-conf/${name}`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8'));
}
