/**
 * Every directive that redis-server 7.0.15 knows: one table, read by the bundled server (loading,
 * CONFIG GET, SET and REWRITE) and by the CLI (checking and writing files). Data only.
 *
 * A row is `name: kind(default, bounds or choices, columns)`. The kinds are in kinds.ts and
 * special-kinds.ts; a kind says how words are read, which values are accepted, and how a file's line
 * is written. The columns, each with what holds when it is absent:
 *
 *   alias      an older name, valid wherever the name is; CONFIG GET shows both        (none)
 *   mutable    `no`: CONFIG SET refuses; `protected`: refused unless
 *              enable-protected-configs allows it                                      (yes)
 *   hidden     CONFIG GET shows it only when asked for the exact name                  (false)
 *   sensitive  a secret: never in a log line or an error message                       (false)
 *   effect     `none`: accepted so that any redis.conf works, but the bundled server has nothing
 *              that it could change (C allocator, kernel, cluster, TLS, AOF …)         (full)
 *   refuse     values that the bundled server must not pretend to honour, and why      (none)
 */
import type { Columns, Directive } from './directive.ts';
import {
  int,
  maxInt64,
  maxUint32,
  maxUint64,
  memory,
  minInt32,
  octal,
  oneOf,
  optionalText,
  port,
  text,
  yesNo,
} from './kinds.ts';
import {
  addresses,
  bufferLimits,
  eventClasses,
  masterAddress,
  memoryOrPercent,
  oomScores,
  percentiles,
  savePoints,
  shutdownSet,
} from './special-kinds.ts';

const mebibyte = 1024 * 1024;

/** Column sets that many rows share. */
const none: Columns = { effect: 'none' };
const fixed: Columns = { mutable: 'no' };
const fixedNone: Columns = { mutable: 'no', effect: 'none' };
const secretNone: Columns = { sensitive: true, effect: 'none' };
const hiddenNone: Columns = { hidden: true, effect: 'none' };

const noOrYesOrLocal = ['no', 'yes', 'local'] as const;
const positive = { min: 1n } as const;
const long = { max: maxInt64 } as const;
const percent = { max: 1000n } as const;

const directives = {
  'acl-pubsub-default': oneOf('resetchannels', ['allchannels', 'resetchannels'], none),
  aclfile: text('', {}, { mutable: 'no', refuse: refuseSet('aclfile', 'ACL files') }),
  'acllog-max-len': int(128, long, none),
  'active-defrag-cycle-max': int(25, { min: 1n, max: 99n }, none),
  'active-defrag-cycle-min': int(1, { min: 1n, max: 99n }, none),
  'active-defrag-ignore-bytes': memory('100mb', positive, none),
  'active-defrag-max-scan-fields': int(1000, { min: 1n, max: maxInt64 }, none),
  'active-defrag-threshold-lower': int(10, percent, none),
  'active-defrag-threshold-upper': int(100, percent, none),
  'active-expire-effort': int(1, { min: 1n, max: 10n }),
  activedefrag: yesNo('no', none),
  activerehashing: yesNo('yes', none),
  'always-show-logo': yesNo('no', fixedNone),
  'aof-disable-auto-gc': yesNo('no'),
  'aof-load-truncated': yesNo('yes'),
  'aof-rewrite-incremental-fsync': yesNo('yes', none),
  'aof-timestamp-enabled': yesNo('no'),
  'aof-use-rdb-preamble': yesNo('yes'),
  aof_rewrite_cpulist: optionalText(fixedNone),
  appenddirname: text('appendonlydir', { check: checkDirName }, fixed),
  appendfilename: text('appendonly.aof', { check: checkAppendFileName }, fixed),
  appendfsync: oneOf('everysec', ['everysec', 'always', 'no']),
  appendonly: yesNo('no'),
  'auto-aof-rewrite-min-size': memory('64mb'),
  'auto-aof-rewrite-percentage': int(100),
  bgsave_cpulist: optionalText(fixedNone),
  bind: addresses(['*', '-::*']),
  'bind-source-addr': optionalText(),
  bio_cpulist: optionalText(fixedNone),
  'busy-reply-threshold': int(5000, long, { alias: 'lua-time-limit', effect: 'none' }),
  'client-output-buffer-limit': bufferLimits({
    normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
    replica: { hardBytes: 256 * mebibyte, softBytes: 64 * mebibyte, softSeconds: 60 },
    pubsub: { hardBytes: 32 * mebibyte, softBytes: 8 * mebibyte, softSeconds: 60 },
  }),
  'client-query-buffer-limit': memory('1gb', { min: 1024n * 1024n }),
  'cluster-allow-pubsubshard-when-down': yesNo('yes', none),
  'cluster-allow-reads-when-down': yesNo('no', none),
  'cluster-allow-replica-migration': yesNo('yes', none),
  'cluster-announce-bus-port': port(0, none),
  'cluster-announce-hostname': text('', { emptyIsUnset: true, check: checkHostName }, none),
  'cluster-announce-ip': optionalText(none),
  'cluster-announce-port': port(0, none),
  'cluster-announce-tls-port': port(0, none),
  'cluster-config-file': text('nodes.conf', {}, fixedNone),
  'cluster-enabled': yesNo('no', {
    mutable: 'no',
    refuse: {
      when: (value) => value === 'yes',
      because:
        'the bundled server has no cluster mode: set "cluster-enabled no", or use redis-server or ' +
        'valkey-server',
    },
  }),
  'cluster-link-sendbuf-limit': memory('0', { max: maxUint64 }, none),
  'cluster-migration-barrier': int(1, {}, none),
  'cluster-node-timeout': int(15000, long, none),
  'cluster-port': port(0, fixedNone),
  'cluster-preferred-endpoint-type': oneOf('ip', ['ip', 'hostname', 'unknown-endpoint'], none),
  'cluster-replica-no-failover': yesNo('no', {
    alias: 'cluster-slave-no-failover',
    effect: 'none',
  }),
  'cluster-replica-validity-factor': int(
    10,
    {},
    {
      alias: 'cluster-slave-validity-factor',
      effect: 'none',
    },
  ),
  'cluster-require-full-coverage': yesNo('yes', none),
  'crash-log-enabled': yesNo('yes', none),
  'crash-memcheck-enabled': yesNo('yes', none),
  daemonize: yesNo('no', fixed),
  databases: int(16, positive, fixed),
  dbfilename: text('dump.rdb', { check: checkDbFileName }, { mutable: 'protected' }),
  // The loader replaces the empty default by the working directory.
  dir: text('', {}, { mutable: 'protected' }),
  'disable-thp': yesNo('yes', fixedNone),
  'dynamic-hz': yesNo('yes', none),
  'enable-debug-command': oneOf('no', noOrYesOrLocal, fixed),
  'enable-module-command': oneOf('no', noOrYesOrLocal, fixedNone),
  'enable-protected-configs': oneOf('no', noOrYesOrLocal, fixed),
  'hash-max-listpack-entries': int(512, long, { alias: 'hash-max-ziplist-entries' }),
  'hash-max-listpack-value': memory('64', {}, { alias: 'hash-max-ziplist-value' }),
  'hll-sparse-max-bytes': memory('3000'),
  hz: int(10, { clamp: [1n, 500n] }),
  'ignore-warnings': text('', {}, none),
  'io-threads': int(1, { min: 1n, max: 128n }, fixedNone),
  'io-threads-do-reads': yesNo('no', fixedNone),
  'jemalloc-bg-thread': yesNo('yes', none),
  'key-load-delay': int(0, { min: minInt32 }, { hidden: true }),
  'latency-monitor-threshold': int(0, long),
  'latency-tracking': yesNo('yes'),
  'latency-tracking-info-percentiles': percentiles('50 99 99.9'),
  'lazyfree-lazy-eviction': yesNo('no'),
  'lazyfree-lazy-expire': yesNo('no'),
  'lazyfree-lazy-server-del': yesNo('no', none),
  'lazyfree-lazy-user-del': yesNo('no'),
  'lazyfree-lazy-user-flush': yesNo('no'),
  'lfu-decay-time': int(1),
  'lfu-log-factor': int(10),
  'list-compress-depth': int(0),
  'list-max-listpack-size': int(-2, { min: minInt32 }, { alias: 'list-max-ziplist-size' }),
  'loading-process-events-interval-bytes': int(2 * mebibyte, { min: 1024n }, { hidden: true }),
  logfile: text('', {}, fixed),
  loglevel: oneOf('notice', ['debug', 'verbose', 'notice', 'warning']),
  'lua-enable-deprecated-api': yesNo('no', { ...hiddenNone, mutable: 'no' }),
  masterauth: optionalText({ sensitive: true }),
  masteruser: optionalText({ sensitive: true }),
  maxclients: int(10000, { min: 1n, max: maxUint32 }),
  maxmemory: memory('0', { max: maxUint64 }),
  'maxmemory-clients': memoryOrPercent('0'),
  'maxmemory-eviction-tenacity': int(10, { max: 100n }),
  'maxmemory-policy': oneOf('noeviction', [
    'volatile-lru',
    'volatile-lfu',
    'volatile-random',
    'volatile-ttl',
    'allkeys-lru',
    'allkeys-lfu',
    'allkeys-random',
    'noeviction',
  ]),
  'maxmemory-samples': int(5, positive),
  'min-replicas-max-lag': int(10, {}, { alias: 'min-slaves-max-lag' }),
  'min-replicas-to-write': int(0, {}, { alias: 'min-slaves-to-write' }),
  'no-appendfsync-on-rewrite': yesNo('no'),
  'notify-keyspace-events': eventClasses(),
  'oom-score-adj': oneOf('no', ['no', 'yes', 'relative', 'absolute'], none),
  'oom-score-adj-values': oomScores('0 200 800', none),
  pidfile: optionalText(fixed),
  port: port(6379),
  'proc-title-template': text('{title} {listen-addr} {server-mode}', { check: checkTitleTemplate }),
  'propagation-error-behavior': oneOf('ignore', ['ignore', 'panic', 'panic-on-replicas']),
  'protected-mode': yesNo('yes'),
  'proto-max-bulk-len': memory('512mb', { min: 1024n * 1024n }),
  'rdb-del-sync-files': yesNo('no'),
  'rdb-key-save-delay': int(0, { min: minInt32 }, { hidden: true }),
  'rdb-save-incremental-fsync': yesNo('yes', none),
  rdbchecksum: yesNo('yes', fixed),
  rdbcompression: yesNo('yes'),
  'repl-backlog-size': memory('1mb', { min: 1n, raiseOnSetTo: 16n * 1024n }),
  'repl-backlog-ttl': int(3600, long),
  'repl-disable-tcp-nodelay': yesNo('no'),
  'repl-diskless-load': oneOf('disabled', ['disabled', 'on-empty-db', 'swapdb']),
  'repl-diskless-sync': yesNo('yes'),
  'repl-diskless-sync-delay': int(5),
  'repl-diskless-sync-max-replicas': int(0),
  'repl-ping-replica-period': int(10, positive, { alias: 'repl-ping-slave-period' }),
  'repl-timeout': int(60, positive),
  'replica-announce-ip': optionalText({ alias: 'slave-announce-ip' }),
  'replica-announce-port': port(0, { alias: 'slave-announce-port' }),
  'replica-announced': yesNo('yes'),
  'replica-ignore-disk-write-errors': yesNo('no'),
  'replica-ignore-maxmemory': yesNo('yes', { alias: 'slave-ignore-maxmemory' }),
  // Ours: no full resync from a master without keys while this replica has some.
  'replica-protect-data': yesNo('no', { hidden: true }),
  'replica-lazy-flush': yesNo('no', { alias: 'slave-lazy-flush' }),
  'replica-priority': int(100, {}, { alias: 'slave-priority' }),
  'replica-read-only': yesNo('yes', { alias: 'slave-read-only' }),
  'replica-serve-stale-data': yesNo('yes', { alias: 'slave-serve-stale-data' }),
  replicaof: masterAddress({ alias: 'slaveof', mutable: 'no' }),
  requirepass: optionalText({ sensitive: true }),
  'sanitize-dump-payload': oneOf('no', ['no', 'yes', 'clients'], none),
  save: savePoints('3600 1 300 100 60 10000'),
  server_cpulist: optionalText(fixedNone),
  'set-max-intset-entries': int(512, long),
  'set-proc-title': yesNo('yes', fixed),
  'shutdown-on-sigint': shutdownSet(),
  'shutdown-on-sigterm': shutdownSet(),
  'shutdown-timeout': int(10),
  'slowlog-log-slower-than': int(10000, { min: -1n, max: maxInt64 }),
  'slowlog-max-len': int(128, long),
  'socket-mark-id': int(0, { max: maxUint32 }, fixedNone),
  'stop-writes-on-bgsave-error': yesNo('yes'),
  'stream-node-max-bytes': memory('4096'),
  'stream-node-max-entries': int(100, long),
  supervised: oneOf('no', ['upstart', 'systemd', 'auto', 'no'], fixedNone),
  'syslog-enabled': yesNo('no', fixedNone),
  'syslog-facility': oneOf(
    'local0',
    ['user', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
    fixedNone,
  ),
  'syslog-ident': text('redis', {}, fixedNone),
  'tcp-backlog': int(511, {}, fixed),
  'tcp-keepalive': int(300),
  timeout: int(0),
  'tls-auth-clients': oneOf('yes', ['no', 'yes', 'optional'], none),
  'tls-ca-cert-dir': optionalText(none),
  'tls-ca-cert-file': optionalText(none),
  'tls-cert-file': optionalText(none),
  'tls-ciphers': optionalText(none),
  'tls-ciphersuites': optionalText(none),
  'tls-client-cert-file': optionalText(none),
  'tls-client-key-file': optionalText(none),
  'tls-client-key-file-pass': optionalText(secretNone),
  'tls-cluster': yesNo('no', none),
  'tls-dh-params-file': optionalText(none),
  'tls-key-file': optionalText(none),
  'tls-key-file-pass': optionalText(secretNone),
  'tls-port': port(0, { refuse: refuseTls((value) => value !== '0', 'tls-port 0') }),
  'tls-prefer-server-ciphers': yesNo('no', none),
  'tls-protocols': optionalText(none),
  'tls-replication': yesNo('no', {
    refuse: refuseTls((value) => value === 'yes', 'tls-replication no'),
  }),
  'tls-session-cache-size': int(20480, {}, none),
  'tls-session-cache-timeout': int(300, {}, none),
  'tls-session-caching': yesNo('yes', none),
  'tracking-table-max-keys': int(1000000, long, none),
  unixsocket: optionalText(fixed),
  unixsocketperm: octal('0', '777', fixed),
  'use-exit-on-panic': yesNo('no', hiddenNone),
  'watchdog-period': int(0, {}, hiddenNone),
  'zset-max-listpack-entries': int(128, long, { alias: 'zset-max-ziplist-entries' }),
  'zset-max-listpack-value': memory('64', {}, { alias: 'zset-max-ziplist-value' }),
};

export type DirectiveName = keyof typeof directives;

/** The type of one directive's value. */
type DirectiveValue<Name extends DirectiveName> =
  (typeof directives)[Name] extends Directive<infer Value> ? Value : never;

/**
 * All values by the camelCase of their names: `repl-backlog-size` → `replBacklogSize`. Sizes are in
 * bytes, yes/no are booleans, choices are unions of their words, texts hold one byte per character.
 */
export type ConfigValues = {
  [Name in DirectiveName as CamelCase<Name>]: DirectiveValue<Name>;
};

export type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name extends `${infer Head}_${infer Tail}`
    ? `${Head}${Capitalize<CamelCase<Tail>>}`
    : Name;

function camelCase(name: string): string {
  return name.replace(/[-_]([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * What a file may hold besides directives that have a value.
 *   arity     words with the name: exactly n, or at least −n
 *   because   why the bundled server refuses it; null where the line is harmless
 */
export interface FileDirective {
  readonly arity: number;
  readonly because: string | null;
}

export const fileDirectives: Readonly<Record<string, FileDirective>> = {
  include: { arity: 2, because: null },
  // Long without meaning, still accepted [Redis 7.0.15].
  'list-max-ziplist-entries': { arity: 2, because: null },
  'list-max-ziplist-value': { arity: 2, because: null },
  loadmodule: { arity: -2, because: 'the bundled server cannot load modules: remove this line' },
  'rename-command': { arity: 3, because: null },
  sentinel: { arity: -1, because: 'sentinel directive while not in sentinel mode' },
  user: {
    arity: -2,
    because:
      'the bundled server has no users besides the default one: use "requirepass" and remove this line',
  },
};

/** A row with its name as the table spells it. */
export interface NamedDirective {
  readonly name: DirectiveName;
  /** The name of its value among ConfigValues. */
  readonly valueName: string;
  /** What the reader asked for: the name, or the alias. */
  readonly askedAlias: boolean;
  readonly row: Directive<unknown>;
}

const byName: ReadonlyMap<string, NamedDirective> = indexByName();

/** Every row, in the table's order. */
export const directiveNames = Object.keys(directives) as readonly DirectiveName[];

/** Finds a row by name or alias, in any case. */
export function findDirective(name: string): NamedDirective | undefined {
  return byName.get(name.toLowerCase());
}

/** Every name that CONFIG GET can show, aliases included, with its row. */
export function allDirectiveNames(): IterableIterator<[string, NamedDirective]> {
  return byName.entries();
}

function indexByName(): Map<string, NamedDirective> {
  const index = new Map<string, NamedDirective>();
  for (const name of Object.keys(directives) as DirectiveName[]) {
    // The one place where the rows' value types are forgotten: each is read with its own values.
    const row = directives[name] as unknown as Directive<unknown>;
    const named = { name, valueName: camelCase(name), row };
    index.set(name, { ...named, askedAlias: false });
    if (row.alias !== null) index.set(row.alias, { ...named, askedAlias: true });
  }
  return index;
}

function checkDirName(value: string): string | null {
  return checkBaseName(value, 'appenddirname', 'dirname', false);
}

function checkAppendFileName(value: string): string | null {
  return checkBaseName(value, 'appendfilename', 'filename', false);
}

function checkDbFileName(value: string): string | null {
  return checkBaseName(value, 'dbfilename', 'filename', true);
}

function checkBaseName(
  value: string,
  name: string,
  what: 'dirname' | 'filename',
  mayBeEmpty: boolean,
): string | null {
  if (value === '' && !mayBeEmpty) return `${name} can't be empty`;
  return /[/\\]/.test(value) ? `${name} can't be a path, just a ${what}` : null;
}

function checkHostName(value: string): string | null {
  if (value.length >= 256) return 'Hostnames must be less than 256 characters';
  return /^[A-Za-z0-9.-]*$/.test(value)
    ? null
    : 'Hostnames may only contain alphanumeric characters, hyphens or dots';
}

function checkTitleTemplate(value: string): string | null {
  const known = /\{(title|listen-addr|server-mode|port|tls-port|unixsocket|config-file)\}/g;
  return value.trim() === '' || /[{}]/.test(value.replace(known, ''))
    ? 'template format is invalid or contains unknown variables'
    : null;
}

function refuseSet(name: string, what: string): NonNullable<Columns['refuse']> {
  return {
    when: (value) => value !== '',
    because: `the bundled server has no ${what}: use "requirepass" and remove "${name}"`,
  };
}

function refuseTls(
  when: (value: string) => boolean,
  instead: string,
): NonNullable<Columns['refuse']> {
  return {
    when,
    because: `the bundled server has no TLS: set "${instead}", or use redis-server or valkey-server`,
  };
}
