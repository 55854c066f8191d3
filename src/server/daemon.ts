/**
 * `daemonize yes`: Node cannot fork, so the server starts itself again, detached, and waits until
 * that process listens or has failed; a start-up error reaches the terminal and the exit code,
 * which is more than a forked daemon could do.
 */
import { spawn } from 'node:child_process';

/** Set in the detached process, so that it serves instead of starting another. */
const daemonMark = 'REPL_SERVER_DAEMON';

export type DaemonReport = { readonly ready: true } | { readonly failed: string };

export function isDaemon(environment: NodeJS.ProcessEnv): boolean {
  return environment[daemonMark] === '1';
}

/**
 * Tells the starting process how it went, and lets go of it. Resolves once the report is on its
 * way; at once in the foreground, where there is nobody to tell.
 */
export function reportToStarter(report: DaemonReport): Promise<void> {
  if (process.send === undefined || !process.connected) return Promise.resolve();
  return new Promise((resolve) => {
    process.send?.(report, () => {
      if (process.connected) process.disconnect();
      resolve();
    });
  });
}

/** Starts the same command line detached. Resolves to the exit code of the starting process. */
export function startDaemon(stdin: string): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore', 'ipc'],
    env: { ...process.env, [daemonMark]: '1' },
  });
  // It may end before it has read this.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(stdin, 'latin1');
  return new Promise((resolve) => {
    const settle = (code: number, failure = ''): void => {
      if (failure !== '') process.stderr.write(`${failure}\n`);
      if (child.connected) child.disconnect();
      child.unref();
      resolve(code);
    };
    child.once('message', (report: DaemonReport) => {
      if ('failed' in report) settle(1, report.failed);
      else settle(0);
    });
    child.once('error', (error) => settle(1, error.message));
    child.once('exit', (code) => settle(code || 1, 'The server stopped while it was starting'));
  });
}
