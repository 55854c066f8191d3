/**
 * What is special about a command, one bit each: gates and dispatch AND them with what the server
 * refuses at the moment. The names are those of COMMAND INFO in Redis 7.0.
 */

export const commandFlags = {
  write: 1 << 0,
  readonly: 1 << 1,
  denyoom: 1 << 2,
  admin: 1 << 3,
  pubsub: 1 << 4,
  noscript: 1 << 5,
  blocking: 1 << 6,
  loading: 1 << 7,
  stale: 1 << 8,
  skip_monitor: 1 << 9,
  skip_slowlog: 1 << 10,
  asking: 1 << 11,
  fast: 1 << 12,
  no_auth: 1 << 13,
  may_replicate: 1 << 14,
  no_async_loading: 1 << 15,
  no_multi: 1 << 16,
  no_mandatory_keys: 1 << 17,
  allow_busy: 1 << 18,
  movablekeys: 1 << 19,
  protected: 1 << 20,
  /** It may meet any key, and what expires on the way is no part of it. */
  touches_arbitrary_keys: 1 << 21,
  /**
   * What it comes to goes to replicas command by command: in a transaction, one that an older replica
   * does not know would take the others with it. No flag of Redis's.
   */
  propagates_apart: 1 << 22,
} as const;
export type CommandFlag = keyof typeof commandFlags;

/** Derived bits, so that a question of dispatch is one AND away. */
export const gateBits = {
  notLoading: 1 << 24,
  notStale: 1 << 25,
  any: 1 << 26,
  /** It may take long, or has secrets: see `command-timer.ts`. */
  timedAlone: 1 << 27,
} as const;
