/**
 * Clients that write at a fixed rate, in a process of their own (`rate-writer-process.ts`), so that
 * what they measure is not what the bench itself is doing. A write's time counts from the moment at
 * which it was due, not from when it could be sent: a server that stops is not excused.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface RateWriterOptions {
  readonly port: number;
  /** SETs of random ones of `key:0` … */
  readonly keys: number;
  readonly writesPerSecond: number;
}

/** Of the writes since the last report. */
export interface RateWriterReport {
  readonly writesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface RateWriter {
  /** What was measured since the last call. */
  take(): Promise<RateWriterReport>;
  stop(): Promise<void>;
}

export type RateWriterRequest = { readonly kind: 'take' } | { readonly kind: 'stop' };

export async function startRateWriter(options: RateWriterOptions): Promise<RateWriter> {
  const path = fileURLToPath(new URL('rate-writer-process.ts', import.meta.url));
  const child = fork(path, [JSON.stringify(options)]);
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => {
      process.off('exit', kill);
      resolve();
    });
  });
  const next = <T>(): Promise<T> =>
    new Promise((resolve, reject) => {
      child.once('message', (message) => resolve(message as T));
      child.once('exit', () => reject(new Error('the writer has ended')));
    });
  await next();
  return {
    take: () => {
      const report = next<RateWriterReport>();
      child.send({ kind: 'take' } satisfies RateWriterRequest);
      return report;
    },
    stop: () => {
      if (child.connected) child.send({ kind: 'stop' } satisfies RateWriterRequest);
      return gone;
    },
  };
}
