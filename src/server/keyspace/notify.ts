/** The classes of keyspace events, as `notify-keyspace-events` names them by a letter each. [7.0] */
export const notifyClass = {
  /** g: commands that work on any type, such as DEL and EXPIRE. */
  generic: 1 << 2,
  /** $ */
  string: 1 << 3,
  /** l */
  list: 1 << 4,
  /** s */
  set: 1 << 5,
  /** h */
  hash: 1 << 6,
  /** z */
  zset: 1 << 7,
  /** x */
  expired: 1 << 8,
  /** e */
  evicted: 1 << 9,
  /** t */
  stream: 1 << 10,
  /** m: a read of a key that is not there. */
  keyMiss: 1 << 11,
  /** n: a key that was not there has come to be. */
  newKey: 1 << 14,
} as const;
export type NotifyClass = (typeof notifyClass)[keyof typeof notifyClass];
