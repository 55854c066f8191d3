/**
 * From a parsed request to its execution: find the command, check that it may run now, run it or
 * queue it or hold it back, count it, propagate it. `networking.ts` feeds it the requests of
 * sockets; the replication stream and EXEC come in through `runFromMaster` and `runQueued`. It is
 * the one place where commands are executed, on whoever's behalf; those that were blocked go on in
 * `blocked-runner.ts`.
 */
import { unknownSubcommand, wrongArity } from '../protocol/error-replies.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import type { RequestReader } from '../protocol/request-reader.ts';
import type { BlockedRunner } from './blocked-runner.ts';
import { Call } from './call.ts';
import { type Client, clientFlags, notPlain } from './client.ts';
import type { Command } from './command.ts';
import { commandFlags, gateBits } from './command-flags.ts';
import { protectedRefusal } from './commands/protected-gate.ts';
import { clientLine } from './commands/client-line.ts';
import type { CommandTable } from './command-table.ts';
import type { CommandTimer } from './command-timer.ts';
import type { ServerContext } from './context.ts';
import { maxKeyBytes } from './keyspace/entry-store.ts';
import { showMonitors } from './monitor.ts';
import { frameOf, QueuedCommand } from './queued-command.ts';
import { effectiveBits, mustWait, refusalOf } from './refusals.ts';
import { discardTransaction, queueRequest } from './transaction.ts';

/** What became of a request. */
export type Outcome =
  | 'done'
  /** CLIENT PAUSE is on: run the same request again when it ends. */
  | 'postponed';

/** Commands that act at once between MULTI and EXEC. */
const neverQueued = new Set(['exec', 'discard', 'multi', 'watch', 'quit', 'reset']);
/** How much of an unknown command's arguments its error quotes. [server.c, 7.0] */
const quotedArgumentBytes = 128;

export class Dispatcher {
  readonly #server: ServerContext;
  readonly #table: CommandTable;
  readonly #call: Call;
  readonly #queuedCall: Call;
  readonly #blockedRunner: BlockedRunner;
  /** Sends the replies so far, before some that must not be sent. */
  readonly #flushReplies: (client: Client) => void;
  readonly #timer: CommandTimer;
  /** Between the first command of a transaction and its last. */
  inTransaction = false;
  /** When the latest command of a transaction ended. */
  #queuedSinceMs = 0;

  constructor(options: {
    server: ServerContext;
    table: CommandTable;
    reply: ReplyWriter;
    blockedRunner: BlockedRunner;
    timer: CommandTimer;
    flushReplies: (client: Client) => void;
  }) {
    this.#server = options.server;
    this.#table = options.table;
    this.#call = new Call(options.server, options.reply);
    this.#queuedCall = new Call(options.server, options.reply);
    this.#blockedRunner = options.blockedRunner;
    this.#flushReplies = options.flushReplies;
    this.#timer = options.timer;
  }

  /** A batch of requests begins: one look at the clocks serves them all. */
  beginBatch(): void {
    this.#server.keyspace.nowMs = this.#server.clock.now();
    this.#timer.start();
  }

  /** The batch ends: its bytes will be reused, its time is charged. */
  endBatch(client: Client): void {
    this.#timer.stop(client);
    this.#server.propagation.flushRun();
    if (client.wrote) {
      client.wrote = false;
      client.writeOffset = this.#server.replication.masterReplOffset;
      client.writePosition = this.#server.aof.appendedPosition;
    }
  }

  /** Runs the request that `reader` has just parsed from `start` to `end` of its buffer. */
  run(client: Client, reader: RequestReader, buffer: Buffer, start: number, end: number): Outcome {
    const call = this.#call;
    call.load(client, reader);
    const found = this.#resolve(call, end - start);
    if (found === null) return 'done';
    client.lastCommand = found;
    const timer = this.#timer;
    if (found !== timer.command) timer.switchTo(found, buffer, start, client);
    const verbatim = reader.inline ? null : buffer;
    if ((client.flags & notPlain) === 0 && (found.bits & this.#server.gates.closed) === 0) {
      timer.count++;
      this.#execute(call, found, verbatim, start, end);
      if (((found.bits | timer.extraBits) & gateBits.timedAlone) !== 0) timer.finish(call);
      if (client.has(clientFlags.replySkipNext)) client.advanceReplySkip();
      if (this.#server.keyspace.awaited.anyReady) this.#blockedRunner.serveReadyKeys();
      return 'done';
    }
    return this.#runGuarded(call, found, verbatim, start, end);
  }

  /**
   * Runs a request of the replication stream or the append-only file: nothing is refused that was
   * done before, and nothing is replied. What it changes goes into our own append-only file; down the
   * chain goes the stream itself.
   */
  runFromMaster(
    client: Client,
    reader: RequestReader,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    const call = this.#call;
    call.load(client, reader);
    client.lastCommand = null;
    const command = this.#resolve(call, end - start);
    if (command === null) return;
    client.lastCommand = command;
    const timer = this.#timer;
    if (command !== timer.command) timer.switchTo(command, buffer, start, client);
    if (this.#server.gates.memoryLimited) this.#server.memoryLimit.makeRoom();
    if (client.has(clientFlags.multi) && !neverQueued.has(command.fullName)) {
      this.#keep(call, command, buffer, start, end);
      return;
    }
    timer.count++;
    this.#execute(call, command, reader.inline ? null : buffer, start, end);
    if (((command.bits | timer.extraBits) & gateBits.timedAlone) !== 0) timer.finish(call);
    call.reply.discard();
    if (this.#server.keyspace.awaited.anyReady) this.#blockedRunner.serveReadyKeys();
  }

  /** Whether there is a command of the name that the request in `reader` begins with. */
  knows(reader: RequestReader): boolean {
    return this.#table.lookup(reader.buffer, reader.argStart[0], reader.argEnd[0]) !== null;
  }

  /** Whether CLIENT PAUSE holds back a request of the replication stream, and all behind it. */
  holdsBack(client: Client, reader: RequestReader): boolean {
    if (this.#server.gates.paused === 'none') return false;
    const call = this.#call;
    call.load(client, reader);
    const named = this.#table.lookup(call.buffer, call.argStart[0], call.argEnd[0]);
    if (named === null) return false;
    const command = (call.argc > 1 ? this.#table.subcommand(named, call) : null) ?? named;
    return mustWait(this.#server.gates, client, effectiveBits(client, command));
  }

  /** EXEC: runs what the client has queued, as one unit, each with its own reply. */
  runQueued(client: Client): void {
    this.#queuedSinceMs = this.#server.clock.monotonic();
    this.inTransaction = true;
    for (const request of client.queue) request.run();
    this.inTransaction = false;
  }

  // ---- finding ----

  /** The command that a request of `size` bytes names; refused and null if there is none to run. */
  #resolve(call: Call, size: number): Command | null {
    const nameStart = call.argStart[0];
    let command = this.#table.lookup(call.buffer, nameStart, call.argEnd[0]);
    if (command === null) {
      this.#refuse(call, null, unknownCommand(call));
      return null;
    }
    if (command.subcommands !== null && call.argc > 1) {
      const container = command;
      command = this.#table.subcommand(container, call);
      if (command === null) {
        const subcommand = call.text(1).slice(0, 128);
        this.#refuse(call, null, unknownSubcommand(container.spec.name, subcommand));
        return null;
      }
    }
    if (command.refusesArity(call.argc) || command.spec.handler === undefined) {
      this.#refuse(call, command, wrongArity(command.fullName));
      return null;
    }
    if (size > maxKeyBytes && hasTooLongKey(call, command)) {
      this.#refuse(call, command, `ERR keys may not be longer than ${maxKeyBytes} bytes`);
      return null;
    }
    return command;
  }

  /** An error before execution; it spoils a transaction that is being queued. */
  #refuse(call: Call, command: Command | null, reason: string): void {
    const { client } = call;
    let text = reason;
    if (command !== null) command.rejectedCalls++;
    if (command?.fullName === 'exec') {
      // An EXEC that may not run ends the transaction, and says why.
      discardTransaction(client);
      text = `EXECABORT Transaction discarded because of: ${reason.replace(/^ERR /, '')}`;
    } else if (client.has(clientFlags.multi)) {
      client.set(clientFlags.dirtyExec, true);
    }
    const mute = client.isMuted;
    if (mute) this.#flushReplies(client);
    call.error(text);
    if (mute) call.reply.discard();
    client.advanceReplySkip();
    if (client.has(clientFlags.replica)) this.#sendAway(call);
  }

  /** A replica is sent the stream and nothing else: one that got a reply must go. [redis 7.0] */
  #sendAway(call: Call): void {
    const { client } = call;
    const { executor, log } = this.#server;
    call.reply.discard();
    log.warning(
      `Replica generated a reply to command '${client.lastCommand?.fullName ?? '<unknown>'}', ` +
        `disconnecting it: ${clientLine(client, call)}`,
    );
    executor.close(client, 'now');
  }

  // ---- the slow path: something about the client or the server is special ----

  #runGuarded(
    call: Call,
    command: Command,
    buffer: Buffer | null,
    start: number,
    end: number,
  ): Outcome {
    const { client } = call;
    const effective = effectiveBits(client, command);
    const closedByConfig = command.has('protected') ? protectedRefusal(call, command) : null;
    const refusal = closedByConfig ?? refusalOf(this.#server, client, command, effective);
    if (refusal !== null) {
      this.#refuse(call, command, refusal);
      return 'done';
    }
    if (mustWait(this.#server.gates, client, effective)) return 'postponed';
    if (client.has(clientFlags.multi) && !neverQueued.has(command.fullName)) {
      this.#queue(call, command, buffer, start, end);
      return 'done';
    }
    const mute = client.isMuted;
    if (mute) this.#flushReplies(client);
    const repliesBefore = call.reply.length;
    this.#timer.count++;
    const { keyspace } = this.#server;
    keyspace.touchOnLookup = !client.has(clientFlags.noTouch);
    this.#execute(call, command, buffer, start, end);
    keyspace.touchOnLookup = true;
    const { extraBits } = this.#timer;
    if (((command.bits | extraBits) & gateBits.timedAlone) !== 0) this.#timer.finish(call);
    if (mute && client.isMuted) call.reply.discard();
    const replied = call.reply.length !== repliesBefore;
    if (replied && client.has(clientFlags.replica)) this.#sendAway(call);
    // Who waits has not been answered yet.
    if (!client.has(clientFlags.blocked)) client.advanceReplySkip();
    if (this.#server.keyspace.awaited.anyReady) this.#blockedRunner.serveReadyKeys();
    return 'done';
  }

  #queue(call: Call, command: Command, buffer: Buffer | null, start: number, end: number): void {
    this.#keep(call, command, buffer, start, end);
    const mute = call.client.isMuted;
    if (mute) this.#flushReplies(call.client);
    call.reply.simple('QUEUED');
    if (mute) call.reply.discard();
  }

  // ---- execution ----

  #execute(call: Call, command: Command, buffer: Buffer | null, start: number, end: number): void {
    const { keyspace, propagation } = this.#server;
    const dirty = keyspace.dirty;
    this.#invoke(call, command);
    // SAVE sets it back to 0: that is no change of data.
    if (keyspace.dirty <= dirty && !propagation.unitIsOpen) return;
    call.client.wrote = true;
    if (!propagation.unitIsOpen && !call.rewritten && buffer !== null) {
      propagation.verbatim(call.client.db.id, buffer, start, end);
      return;
    }
    if (keyspace.dirty > dirty && !call.rewritten) {
      propagation.addEncoded(call.client.db.id, frameOf(call, buffer, start, end));
    }
    const bits = commandFlags.touches_arbitrary_keys | commandFlags.propagates_apart;
    propagation.endUnit((command.bits & bits) !== 0);
  }

  /** Keeps a request for the client's EXEC. */
  #keep(call: Call, command: Command, buffer: Buffer | null, start: number, end: number): void {
    const bytes = { buffer, start, end };
    queueRequest(call.client, new QueuedCommand(call, command, bytes, this.#executeQueued));
  }

  readonly #executeQueued = (queued: QueuedCommand): void => {
    const call = this.#queuedCall;
    const { client, command } = queued;
    const { clock, keyspace, propagation } = this.#server;
    call.load(client, queued);
    const dirty = keyspace.dirty;
    this.#invoke(call, command);
    if (keyspace.dirty > dirty && !call.rewritten) {
      propagation.addEncoded(client.db.id, queued.frame);
    }
    const nowMs = clock.monotonic();
    this.#timer.charge(call, command, (nowMs - this.#queuedSinceMs) * 1000);
    this.#queuedSinceMs = nowMs;
  };

  /** Every command of every origin runs here, and is counted. */
  #invoke(call: Call, command: Command): void {
    call.begin(command);
    command.handler(call);
    command.calls++;
    this.#server.stats.totalCommandsProcessed++;
    if (call.failed) command.failedCalls++;
    if (this.#server.clients.monitors.size !== 0) showMonitors(this.#server, call, command);
  }
}

/** Redis has no such limit: here a key's length has 24 bits. */
function hasTooLongKey(call: Call, { spec }: Command): boolean {
  const indexes = spec.findKeys?.(call) ?? [];
  const [first, last, step] = spec.keys ?? [1, 0, 1];
  const end = last < 0 ? call.argc + last : last;
  for (let index = first; index <= end && index < call.argc; index += step) indexes.push(index);
  return indexes.some((index) => call.argLength(index) > maxKeyBytes);
}

function unknownCommand(call: Call): string {
  let quoted = '';
  for (let index = 1; index < call.argc && quoted.length < quotedArgumentBytes; index++) {
    quoted += `'${call.text(index).slice(0, quotedArgumentBytes - quoted.length)}' `;
  }
  const name = call.text(0).slice(0, quotedArgumentBytes);
  return `ERR unknown command '${name}', with args beginning with: ${quoted}`;
}
