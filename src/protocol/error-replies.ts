/**
 * The error replies that several commands share, without the leading '-'. Clients match on them, so
 * they are Redis 7.0's to the letter. One command's own errors stand beside its handler.
 */
export const errorReplies = {
  syntax: 'ERR syntax error',
  wrongType: 'WRONGTYPE Operation against a key holding the wrong kind of value',
  notInteger: 'ERR value is not an integer or out of range',
  notFloat: 'ERR value is not a valid float',
  outOfRange: 'ERR index out of range',
  outOfRangeValue: 'ERR value is out of range',
  mustBePositive: 'ERR value is out of range, must be positive',
  noSuchKey: 'ERR no such key',
  sameObject: 'ERR source and destination objects are the same',
  dbIndexOutOfRange: 'ERR DB index is out of range',
  overflow: 'ERR increment or decrement would overflow',
  noAuth: 'NOAUTH Authentication required.',
  wrongPass: 'WRONGPASS invalid username-password pair or user is disabled.',
  noScript: 'NOSCRIPT No matching script. Please use EVAL.',
  loading: 'LOADING Redis is loading the dataset in memory',
  masterDown: "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
  readOnly: "READONLY You can't write against a read only replica.",
  noReplicas: 'NOREPLICAS Not enough good replicas to write.',
  misconf:
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. " +
    'Commands that may modify the data set are disabled, because this instance is configured to report ' +
    'errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). ' +
    'Please check the Redis logs for details about the RDB error.',
  execAbort: 'EXECABORT Transaction discarded because of previous errors.',
  oom: "OOM command not allowed when used memory > 'maxmemory'.",
  noProto: 'NOPROTO unsupported protocol version',
} as const;

/** The append-only file cannot be written; `reason` is the system's. */
export function misconfAof(reason: string): string {
  return `MISCONF Errors writing to the AOF file: ${reason}`;
}

export function wrongArity(commandName: string): string {
  return `ERR wrong number of arguments for '${commandName}' command`;
}

export function invalidExpire(commandName: string): string {
  return `ERR invalid expire time in '${commandName}' command`;
}

export function unknownSubcommand(command: string, subcommand: string): string {
  return `ERR unknown subcommand '${subcommand}'. Try ${command.toUpperCase()} HELP.`;
}

/** A subcommand that does not take what it was given. */
export function badSubcommand(command: string, subcommand: string): string {
  const quoted = subcommand.slice(0, 128);
  return `ERR unknown subcommand or wrong number of arguments for '${quoted}'. Try ${command.toUpperCase()} HELP.`;
}
