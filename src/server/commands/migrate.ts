/**
 * MIGRATE: moves keys to another server. Redis serves nobody meanwhile; here nobody may write, so
 * that what is deleted afterwards is what the other server was given.
 */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { notifyClass } from '../keyspace/notify.ts';
import type { MigratedKey, MigrationResult } from '../migration.ts';
import { argumentView, integerArgument } from './generic-arguments.ts';
import { dumpPayload } from './generic-dump.ts';

export const migrateCommands: readonly CommandSpec[] = [
  {
    name: 'migrate',
    arity: -6,
    flags: ['write', 'movablekeys'],
    categories: ['keyspace', 'dangerous'],
    keys: [3, 3, 1],
    findKeys: (call) => findKeys(call),
    group: 'generic',
    since: '2.6.0',
    summary: 'Moves keys to another server.',
    complexity: 'O(n) for n bytes of payload',
    handler: migrateCommand,
  },
];

const defaultTimeoutMs = 1000;

interface MigrateOptions {
  readonly copy: boolean;
  readonly replace: boolean;
  /** Where AUTH's words are: none, one or two. */
  readonly authIndexes: readonly number[];
  /** Where the keys are. */
  readonly keyIndexes: readonly number[];
}

function migrateCommand(call: Call): void {
  const options = readOptions(call);
  if (options === null) return;
  const timeoutMs = integerArgument(call, 5);
  if (Number.isNaN(timeoutMs)) return;
  const dbId = integerArgument(call, 4);
  if (Number.isNaN(dbId)) return;
  const found = options.keyIndexes.flatMap((index) => {
    const key = migratedKey(call, index);
    return key === null ? [] : [{ index, key }];
  });
  if (found.length === 0) {
    call.preventPropagation();
    call.reply.simple('NOKEY');
    return;
  }
  if (!call.mayBlock) {
    call.error('ERR MIGRATE cannot wait here: not in a transaction');
    return;
  }
  const indexes = found.map(({ index }) => index);
  const running = call.server.migrations.run({
    host: call.text(1),
    port: Number.parseInt(call.text(2), 10) || 0,
    dbId,
    timeoutMs: timeoutMs > 0 ? timeoutMs : defaultTimeoutMs,
    auth: options.authIndexes.map((index) => call.arg(index)),
    replace: options.replace,
    keys: found.map(({ key }) => key),
  });
  wait(call, running, (step, result) => finish(step, result, options.copy ? [] : indexes));
}

/** Until the other server has answered nobody writes. */
function wait(
  call: Call,
  running: Promise<MigrationResult>,
  finishWith: (step: Call, result: MigrationResult) => void,
): void {
  const { pause } = call.server;
  pause.pause('migrate', 'write', Number.POSITIVE_INFINITY);
  call.block({
    until: 'told',
    timeoutMs: 0,
    onTimeout: (step) => step.error('IOERR error or timeout reading to target instance'),
    begin: (end) => {
      void running.then((result) => {
        end((step) => finishWith(step, result));
        pause.unpause('migrate');
        return null;
      });
    },
  });
}

/** Deletes what the other server has taken, also where it has not taken all. */
function finish(call: Call, { taken, error }: MigrationResult, indexes: readonly number[]): void {
  const gone: Uint8Array[] = [];
  indexes.forEach((index, at) => {
    const ref = taken[at] ? call.lookupWrite(index) : 0;
    if (ref === 0) return;
    call.db.dict.remove(ref);
    call.changed(index);
    call.notify(notifyClass.generic, 'del', index);
    gone.push(argumentView(call, index));
  });
  if (gone.length > 0) call.propagateAs('DEL', ...gone);
  if (error === null) call.reply.ok();
  else call.error(error);
}

/** Null for a key that is not there. */
function migratedKey(call: Call, index: number): MigratedKey | null {
  const ref = call.lookupRead(index);
  if (ref === 0) return null;
  const expireAt = call.db.dict.expireAt(ref);
  const ttlMs = expireAt < 0 ? 0 : Math.max(1, expireAt - call.keyspace.nowMs);
  return { key: call.arg(index), ttlMs, payload: dumpPayload(call, ref) };
}

/** Null after an error reply. */
function readOptions(call: Call): MigrateOptions | null {
  let copy = false;
  let replace = false;
  let authIndexes: number[] = [];
  for (let index = 6; index < call.argc; index++) {
    const more = call.argc - 1 - index;
    if (call.is(index, 'copy')) copy = true;
    else if (call.is(index, 'replace')) replace = true;
    else if (call.is(index, 'auth') && more >= 1) {
      authIndexes = [++index];
      call.redact(index);
    } else if (call.is(index, 'auth2') && more >= 2) {
      authIndexes = [index + 1, index + 2];
      authIndexes.forEach((secret) => call.redact(secret));
      index += 2;
    } else if (call.is(index, 'keys')) {
      if (call.argLength(3) !== 0) {
        call.error(
          'ERR When using MIGRATE KEYS option, the key argument must be set to the empty string',
        );
        return null;
      }
      return { copy, replace, authIndexes, keyIndexes: argumentsFrom(call, index + 1) };
    } else {
      call.syntaxError();
      return null;
    }
  }
  return { copy, replace, authIndexes, keyIndexes: [3] };
}

function argumentsFrom(call: Call, first: number): number[] {
  return Array.from({ length: call.argc - first }, (_, at) => first + at);
}

/** For COMMAND GETKEYS: those after KEYS where the key argument is empty. */
function findKeys(call: Call): number[] {
  for (let index = 6; index < call.argc && call.argLength(3) === 0; index++) {
    if (call.is(index, 'keys')) return argumentsFrom(call, index + 1);
  }
  return [3];
}
