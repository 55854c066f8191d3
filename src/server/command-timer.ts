/**
 * How long commands take, and who hears of it: INFO commandstats and latencystats, the slow log, the
 * latency monitor. Dispatch drives it around every command.
 *
 * A clock per command would cost 5 % of a pipeline of GETs. So short commands of one kind in a row
 * are timed together and share the time evenly; commands that may take long are timed alone, and
 * so is every command while somebody wants to hear of less than a millisecond.
 */
import { type RequestArguments, RequestReader } from '../protocol/request-reader.ts';
import { splitArgs } from '../redis-conf/split-args.ts';
import type { Clock } from '../util/clock.ts';
import type { Call } from './call.ts';
import { type Client, clientFlags } from './client.ts';
import type { Command } from './command.ts';
import { gateBits } from './command-flags.ts';
import type { Config } from './config.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import type { LatencyMonitor } from './latency-monitor.ts';
import type { Slowlog } from './slowlog.ts';

/** Below this the slow log must know every command's own time. */
const exactBelowUsec = 1000;
const noSecrets: readonly number[] = [];

export class CommandTimer {
  readonly #clock: Clock;
  readonly #config: Config;
  readonly #slowlog: Slowlog;
  readonly #latency: LatencyMonitor;
  /** What dispatch adds to a command's bits: `timedAlone` while all must be. */
  extraBits = 0;
  /** What runs at the moment, and how many of its kind in a row; null between runs. */
  command: Command | null = null;
  count = 0;
  #sinceMs = 0;
  /** Where the first request of the run begins. */
  #runBuffer: Buffer = Buffer.alloc(0);
  #runStart = 0;
  /** Who takes longer is looked at twice. */
  #noteworthyUsec = Infinity;
  #tracking = true;

  constructor(options: {
    clock: Clock;
    config: Config;
    slowlog: Slowlog;
    latency: LatencyMonitor;
  }) {
    this.#clock = options.clock;
    this.#config = options.config;
    this.#slowlog = options.slowlog;
    this.#latency = options.latency;
    const refresh = (): null => {
      this.#refresh();
      return null;
    };
    options.config.onChange('slowlog-log-slower-than', refresh);
    options.config.onChange('latency-monitor-threshold', refresh);
    options.config.onChange('latency-tracking', refresh);
    this.#refresh();
  }

  /** A batch of requests begins. */
  start(): void {
    this.command = null;
    this.#sinceMs = this.#clock.monotonic();
  }

  /** The next command is of another kind than the last; its request begins at `start`. */
  switchTo(next: Command, buffer: Buffer, start: number, client: Client): void {
    if (this.command !== null) this.#chargeRun(client);
    this.command = next;
    this.count = 0;
    this.#runBuffer = buffer;
    this.#runStart = start;
  }

  /** A command that is timed alone has ended, with its request still at hand. */
  finish(call: Call): void {
    const now = this.#clock.monotonic();
    const { command } = this;
    this.command = null;
    const usec = (now - this.#sinceMs) * 1000;
    this.#sinceMs = now;
    if (command === null) return;
    // What a blocked client's command takes is known when it is answered.
    if (call.client.has(clientFlags.blocked)) command.usec += usec;
    else this.charge(call, command, usec);
  }

  /** The batch ends. */
  stop(client: Client): void {
    if (this.command !== null) this.#chargeRun(client);
    this.command = null;
  }

  /** One execution of a command took so many microseconds. */
  charge(call: Call, command: Command, usec: number): void {
    this.#count(command, usec, 1);
    if (usec >= this.#noteworthyUsec) this.#note(call, call.secrets, call.client, command, usec);
  }

  /** A run may be empty: queued by MULTI, or refused. Its time goes to the next. */
  #chargeRun(client: Client): void {
    if (this.count === 0) return;
    const command = this.command as Command;
    const now = this.#clock.monotonic();
    const usec = ((now - this.#sinceMs) * 1000) / this.count;
    this.#sinceMs = now;
    this.#count(command, usec, this.count);
    if (usec >= this.#noteworthyUsec) this.#noteRun(client, command, usec);
  }

  #count(command: Command, usec: number, count: number): void {
    command.usec += usec * count;
    if (!this.#tracking) return;
    command.latency ??= new LatencyHistogram();
    command.latency.record(usec * 1000, count);
  }

  /** The first of the run stands for all; its bytes are still where they were read from. */
  #noteRun(client: Client, command: Command, usec: number): void {
    const reader = new RequestReader(splitArgs);
    reader.maxBulkBytes = Infinity;
    const buffer = this.#runBuffer;
    if (reader.parse(buffer, this.#runStart, buffer.length, true) < 0) return;
    this.#note(reader, noSecrets, client, command, usec);
  }

  #note(
    request: RequestArguments,
    secrets: readonly number[],
    client: Client,
    command: Command,
    usec: number,
  ): void {
    this.#latency.note(command.has('fast') ? 'fast-command' : 'command', usec / 1000);
    const { slowlogLogSlowerThan, slowlogMaxLen } = this.#config.values;
    if (slowlogLogSlowerThan < 0 || usec < slowlogLogSlowerThan) return;
    if (command.has('skip_slowlog')) return;
    const timeSec = Math.floor(this.#clock.now() / 1000);
    this.#slowlog.add({ request, secrets, client, durationUsec: usec, timeSec }, slowlogMaxLen);
  }

  #refresh(): void {
    const { slowlogLogSlowerThan, latencyMonitorThreshold, latencyTracking } = this.#config.values;
    const slow = slowlogLogSlowerThan < 0 ? Infinity : slowlogLogSlowerThan;
    const spike = latencyMonitorThreshold === 0 ? Infinity : latencyMonitorThreshold * 1000;
    this.#noteworthyUsec = Math.min(slow, spike);
    this.#tracking = latencyTracking;
    this.extraBits = slow < exactBelowUsec ? gateBits.timedAlone : 0;
  }
}
