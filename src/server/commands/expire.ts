/** How long keys live: the EXPIRE family sets it, the TTL family tells it, PERSIST ends it. */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import {
  deletionWord,
  isDueAtOnce,
  readAnyExpireAt,
  setExpire,
  type ExpireUnit,
} from './expire-time.ts';
import { argumentView, exactInteger, lookupUntouched } from './generic-arguments.ts';

interface TimeForm {
  readonly unit: ExpireUnit;
  readonly absolute: boolean;
}

const row = {
  categories: ['keyspace'],
  keys: [1, 1, 1],
  group: 'generic',
  complexity: 'O(log n) for n keys with a time to live',
} as const;

export const expireCommands: readonly CommandSpec[] = [
  expireRow('expire', '1.0.0', 'Lets a key end in so many seconds.', {
    unit: 'seconds',
    absolute: false,
  }),
  expireRow('pexpire', '2.6.0', 'Lets a key end in so many milliseconds.', {
    unit: 'milliseconds',
    absolute: false,
  }),
  expireRow('expireat', '1.2.0', 'Lets a key end at a Unix time in seconds.', {
    unit: 'seconds',
    absolute: true,
  }),
  expireRow('pexpireat', '2.6.0', 'Lets a key end at a Unix time in milliseconds.', {
    unit: 'milliseconds',
    absolute: true,
  }),
  ttlRow('ttl', '1.0.0', 'Tells for how many seconds a key will live.', {
    unit: 'seconds',
    absolute: false,
  }),
  ttlRow('pttl', '2.6.0', 'Tells for how many milliseconds a key will live.', {
    unit: 'milliseconds',
    absolute: false,
  }),
  ttlRow('expiretime', '7.0.0', 'Tells the Unix time in seconds at which a key ends.', {
    unit: 'seconds',
    absolute: true,
  }),
  ttlRow('pexpiretime', '7.0.0', 'Tells the Unix time in milliseconds at which a key ends.', {
    unit: 'milliseconds',
    absolute: true,
  }),
  {
    ...row,
    name: 'persist',
    arity: 2,
    flags: ['write', 'fast'],
    since: '2.2.0',
    summary: 'Lets a key live for ever.',
    handler: persistCommand,
  },
];

function expireRow(name: string, since: string, summary: string, form: TimeForm): CommandSpec {
  const handler = (call: Call): void => expire(call, form);
  return { ...row, name, arity: -3, flags: ['write', 'fast'], since, summary, handler };
}

function ttlRow(name: string, since: string, summary: string, form: TimeForm): CommandSpec {
  const handler = (call: Call): void => tellTimeToLive(call, form);
  const complexity = 'O(1)';
  return {
    ...row,
    name,
    arity: 2,
    flags: ['readonly', 'fast'],
    since,
    summary,
    complexity,
    handler,
  };
}

const conditions = { nx: 1, xx: 2, gt: 4, lt: 8 } as const;

function expire(call: Call, form: TimeForm): void {
  const condition = call.argc === 3 ? 0 : readConditions(call);
  if (condition < 0) return;
  const expireAt = readAnyExpireAt(call, 2, form.unit, form.absolute);
  if (Number.isNaN(expireAt)) return;
  const ref = call.lookupWrite(1);
  if (ref === 0 || !holds(condition, call.client.db.dict.expireAt(ref), expireAt)) {
    call.reply.integer(0);
    return;
  }
  if (isDueAtOnce(call, expireAt)) {
    call.client.db.dict.remove(ref);
    call.changed(1);
    call.notify(notifyClass.generic, 'del', 1);
    call.propagateAs(deletionWord(call), argumentView(call, 1));
    call.reply.integer(1);
  } else {
    setExpire(call, ref, expireAt);
    call.reply.integer(1);
    call.changed(1);
    call.notify(notifyClass.generic, 'expire', 1);
    if (form.unit === 'seconds' || !form.absolute) propagateAbsolute(call, expireAt);
  }
}

/** Bits of `conditions`, −1 after an error reply. */
function readConditions(call: Call): number {
  let condition = 0;
  for (let index = 3; index < call.argc; index++) {
    if (call.is(index, 'nx')) condition |= conditions.nx;
    else if (call.is(index, 'xx')) condition |= conditions.xx;
    else if (call.is(index, 'gt')) condition |= conditions.gt;
    else if (call.is(index, 'lt')) condition |= conditions.lt;
    else {
      call.error(`ERR Unsupported option ${call.text(index)}`);
      return -1;
    }
  }
  if ((condition & conditions.nx) !== 0 && condition !== conditions.nx) {
    call.error('ERR NX and XX, GT or LT options at the same time are not compatible');
    return -1;
  }
  if ((condition & conditions.gt) !== 0 && (condition & conditions.lt) !== 0) {
    call.error('ERR GT and LT options at the same time are not compatible');
    return -1;
  }
  return condition;
}

/** `current` is −1 for a key that lives for ever, which is longer than any time. */
function holds(condition: number, current: number, wanted: number): boolean {
  if (condition === 0) return true;
  const volatile = current >= 0;
  if ((condition & conditions.nx) !== 0 && volatile) return false;
  if ((condition & conditions.xx) !== 0 && !volatile) return false;
  if ((condition & conditions.gt) !== 0 && (!volatile || wanted <= current)) return false;
  return (condition & conditions.lt) === 0 || !volatile || wanted < current;
}

/** A replica must not count the time anew. The conditions go with it, and hold there too. */
function propagateAbsolute(call: Call, expireAt: number): void {
  const words: (string | Uint8Array)[] = ['PEXPIREAT', argumentView(call, 1)];
  words.push(String(exactInteger(expireAt)));
  for (let index = 3; index < call.argc; index++) words.push(argumentView(call, index));
  call.propagateAs(...words);
}

function tellTimeToLive(call: Call, form: TimeForm): void {
  const ref = lookupUntouched(call, 1);
  if (ref === 0) {
    call.reply.integer(-2);
    return;
  }
  const expireAt = call.client.db.dict.expireAt(ref);
  if (expireAt < 0) {
    call.reply.integer(-1);
    return;
  }
  const time = form.absolute ? expireAt : Math.max(0, expireAt - call.keyspace.nowMs);
  const told = form.unit === 'seconds' ? Math.floor((time + 500) / 1000) : time;
  call.reply.integer(exactInteger(told));
}

function persistCommand(call: Call): void {
  const ref = call.lookupWrite(1);
  if (ref === 0 || call.client.db.dict.expireAt(ref) < 0) {
    call.reply.integer(0);
    return;
  }
  call.client.db.dict.clearExpire(ref);
  call.changed(1);
  call.notify(notifyClass.generic, 'persist', 1);
  call.reply.integer(1);
}
