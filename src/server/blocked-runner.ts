/**
 * Executes the commands of blocked clients, from where they began to wait: the steps come from
 * `blocked-clients.ts`, in the middle of whatever made them possible. Their replies are gathered
 * apart, because another client's reply may be half done.
 */
import { ReplyWriter } from '../protocol/reply-writer.ts';
import type { BlockedClient } from './blocked-clients.ts';
import { Call } from './call.ts';
import type { CommandTimer } from './command-timer.ts';
import type { ServerContext } from './context.ts';

export class BlockedRunner {
  readonly #server: ServerContext;
  readonly #timer: CommandTimer;
  readonly #call: Call;

  constructor(server: ServerContext, timer: CommandTimer) {
    this.#server = server;
    this.#timer = timer;
    const reply = new ReplyWriter({
      onFull: () => this.#passReply(),
      onLarge: (bytes) => this.#push(bytes),
    });
    this.#call = new Call(server, reply);
  }

  /**
   * Serves the clients that wait for keys which have got ready. To be called after every command or
   * transaction, and after whatever else may change keys; costs nothing while no key is ready.
   */
  serveReadyKeys(): void {
    const { clock, keyspace, propagation } = this.#server;
    if (!keyspace.awaited.anyReady) return;
    const mode = keyspace.expiryMode;
    // Those who are served are clients of ours, even if it was our master who filled the key.
    if (mode === 'ignore') keyspace.expiryMode = 'hide';
    keyspace.nowMs = clock.now();
    keyspace.awaited.serve();
    keyspace.expiryMode = mode;
    // A key that was found to be past its time has been deleted.
    propagation.endUnit();
  }

  /**
   * Runs one step for a client. What it changes is a unit of its own, unless it happens within a
   * transaction. True when the client is answered. The command was counted when it began to wait.
   */
  run({ client, command, request }: BlockedClient, step: (call: Call) => boolean): boolean {
    const { clock, keyspace, latency, propagation, replication } = this.#server;
    const { unitIsOpen } = propagation;
    const { dirty } = keyspace;
    const call = this.#call;
    const startedAt = clock.monotonic();
    call.load(client, request);
    call.begin(command);
    call.reply.resp3 = client.resp3;
    const done = step(call);
    this.#passReply();
    if (!unitIsOpen) propagation.endUnit();
    if (keyspace.dirty > dirty) client.writeOffset = replication.masterReplOffset;
    if (done) client.advanceReplySkip();
    if (call.failed) command.failedCalls++;
    const tookMs = clock.monotonic() - startedAt;
    if (done) {
      this.#timer.charge(call, command, tookMs * 1000);
      latency.note('command-unblocking', tookMs);
    } else {
      command.usec += tookMs * 1000;
    }
    return done;
  }

  #passReply(): void {
    const { reply } = this.#call;
    // A copy, because the socket may take it later than the next one is written.
    if (reply.length > 0) this.#push(Buffer.from(reply.take()));
    reply.rewind();
  }

  #push(bytes: Buffer): void {
    const { client } = this.#call;
    if (!client.isMuted) this.#server.executor.push(client, bytes);
  }
}
