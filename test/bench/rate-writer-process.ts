/** The process behind `rate-writer.ts`: writes, measures, reports. */
import { connect, type Socket } from 'node:net';
import type { RateWriterOptions, RateWriterReport, RateWriterRequest } from './rate-writer.ts';
import { valueBytes } from './replication-rig.ts';

const connections = 20;
/** How often writes are sent: those that are due by then go in one piece per connection. */
const tickMs = 1;
/** A server that is so far behind is not sent more. */
const maxWaiting = 20_000;
const replyBytes = '+OK\r\n'.length;

const options = JSON.parse(process.argv[2]) as RateWriterOptions;
const value = 'x'.repeat(valueBytes);

/** One connection: when its writes were due, oldest first. */
class Writer {
  readonly #socket: Socket;
  #due: number[] = [];
  #first = 0;
  #partBytes = 0;
  readonly #onDone: (ms: number) => void;

  constructor(socket: Socket, onDone: (ms: number) => void) {
    this.#socket = socket;
    this.#onDone = onDone;
    socket.on('data', (chunk) => this.#onData(chunk));
  }

  write(count: number, dueMs: number): void {
    if (count === 0 || this.#due.length - this.#first > maxWaiting) return;
    let text = '';
    for (let left = count; left > 0; left--) {
      const key = `key:${Math.floor(Math.random() * options.keys)}`;
      text += `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${valueBytes}\r\n${value}\r\n`;
      this.#due.push(dueMs);
    }
    this.#socket.write(text, 'latin1');
  }

  end(): void {
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    if (chunk[0] === 0x2d) throw new Error(chunk.toString());
    const now = performance.now();
    this.#partBytes += chunk.length;
    for (; this.#partBytes >= replyBytes; this.#partBytes -= replyBytes) {
      this.#onDone(now - this.#due[this.#first++]);
    }
    if (this.#first > maxWaiting) {
      this.#due = this.#due.slice(this.#first);
      this.#first = 0;
    }
  }
}

let times: number[] = [];
let sinceMs = performance.now();

const writers: Writer[] = [];
while (writers.length < connections) {
  writers.push(new Writer(await open(), (ms) => times.push(ms)));
}
process.on('message', (request: RateWriterRequest) => {
  if (request.kind === 'take') process.send?.(report());
  else end();
});
process.on('disconnect', end);
process.send?.({ kind: 'ready' });

const startedMs = performance.now();
let sent = 0;
let turn = 0;
const timer = setInterval(() => {
  const now = performance.now();
  const wanted = Math.floor(((now - startedMs) * options.writesPerSecond) / 1000);
  const each = Math.ceil((wanted - sent) / connections);
  for (let left = wanted - sent; left > 0; left -= each) {
    writers[turn++ % connections].write(Math.min(each, left), now);
  }
  sent = wanted;
}, tickMs);

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(options.port, '127.0.0.1', () => resolve(socket));
    socket.setNoDelay(true);
    socket.once('error', reject);
  });
}

function report(): RateWriterReport {
  const now = performance.now();
  const sorted = Float64Array.from(times).sort();
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)];
  const result = {
    writesPerSecond: (times.length * 1000) / (now - sinceMs),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
  times = [];
  sinceMs = now;
  return result;
}

function end(): void {
  clearInterval(timer);
  for (const writer of writers) writer.end();
  if (process.connected) process.disconnect();
}
