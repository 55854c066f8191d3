/** SAVE, BGSAVE, LASTSAVE, BGREWRITEAOF: files on demand. The work is `persistence/`. */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';

export const persistenceCommands: readonly CommandSpec[] = [
  {
    name: 'save',
    arity: 1,
    flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
    categories: [],
    group: 'server',
    since: '1.0.0',
    summary: 'Writes the RDB file; the server does nothing else meanwhile.',
    complexity: 'O(N) for all keys',
    handler: saveCommand,
  },
  {
    name: 'bgsave',
    arity: -1,
    flags: ['admin', 'noscript', 'no_async_loading'],
    categories: [],
    group: 'server',
    since: '1.0.0',
    summary: 'Starts to write the RDB file in the background.',
    complexity: 'O(1), and O(N) for all keys in the background',
    handler: bgsaveCommand,
  },
  {
    name: 'bgrewriteaof',
    arity: 1,
    flags: ['admin', 'noscript', 'no_async_loading'],
    categories: [],
    group: 'server',
    since: '1.0.0',
    summary: 'Starts to replace the append-only file by a shorter one in the background.',
    complexity: 'O(1), and O(N) for all keys in the background',
    handler: bgrewriteaofCommand,
  },
  {
    name: 'lastsave',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    categories: ['admin', 'dangerous'],
    group: 'server',
    since: '1.0.0',
    summary: 'Tells when the data was last saved, in Unix seconds.',
    complexity: 'O(1)',
    handler: lastsaveCommand,
  },
];

function saveCommand(call: Call): void {
  call.server.propagation.flushRun();
  const error = call.server.persistence.save();
  // A failed save is answered by the bare code; the reason is in the log. [Redis 7.0]
  if (error !== null) call.error(error === 'ERR' ? 'ERR ' : error);
  else call.reply.ok();
}

function bgsaveCommand(call: Call): void {
  if (call.argc > 2 || (call.argc === 2 && !call.is(1, 'schedule'))) {
    call.syntaxError();
    return;
  }
  call.server.propagation.flushRun();
  const answer = call.server.persistence.bgsave({
    schedule: call.argc === 2,
    later: call.server.executor.inTransaction,
  });
  if (answer.kind === 'refused') call.error(answer.error);
  else call.reply.simple(`Background saving ${answer.kind}`);
}

function bgrewriteaofCommand(call: Call): void {
  call.server.propagation.flushRun();
  switch (call.server.aof.bgrewriteaof({ later: call.server.executor.inTransaction })) {
    case 'in-progress':
      call.error('ERR Background append only file rewriting already in progress');
      return;
    case 'scheduled':
      call.reply.simple('Background append only file rewriting scheduled');
      return;
    case 'failed':
      call.error(
        "ERR Can't execute an AOF background rewriting. " +
          'Please check the server logs for more information.',
      );
      return;
    case 'started':
      call.reply.simple('Background append only file rewriting started');
  }
}

function lastsaveCommand(call: Call): void {
  call.reply.integer(call.server.persistence.lastSaveSec);
}
