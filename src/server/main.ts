/**
 * The bundled server as a process: command line, configuration, daemon, pid file, log file,
 * signals. Takes what redis-server takes; see `redis-conf/command-line.ts`. Started by
 * bin/repl-server.js, by the lab, and in redis-server's place by whoever likes.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { parseCommandLine, usageText, type CommandLineRun } from '../redis-conf/command-line.ts';
import { RdbError } from '../rdb/rdb-error.ts';
import { ConfError } from '../redis-conf/conf-error.ts';
import { systemMessage } from '../redis-conf/conf-file.ts';
import { fromPath } from '../redis-conf/conf-source.ts';
import { systemClock } from '../util/clock.ts';
import { OperatorError } from '../util/errors.ts';
import { systemRandom } from '../util/random.ts';
import { Config, pathOf } from './config.ts';
import { isDaemon, reportToStarter, startDaemon } from './daemon.ts';
import { type Listening, openListeners } from './listen.ts';
import { Logger } from './log.ts';
import { openLogOutput } from './log-output.ts';
import { connectTcp } from './replication/tcp-wire.ts';
import { BundledServer, commandTable, emulatedVersion } from './server.ts';
import type { ShutdownSignal } from './shutdown.ts';

/** Runs the server of this command line. Resolves to an exit code when the process may end. */
export async function main(argv: readonly string[], ownVersion: string): Promise<number | null> {
  const commandLine = parseCommandLine(argv);
  switch (commandLine.kind) {
    case 'version':
      process.stdout.write(
        `repl-server v=${ownVersion} redis=${emulatedVersion} node=${process.version} bits=64\n`,
      );
      return 0;
    case 'help':
      process.stdout.write(usageText());
      return 0;
    case 'refused':
      process.stderr.write(`${commandLine.because}\n`);
      return 1;
    case 'run':
      break;
  }
  return runServer(commandLine, ownVersion);
}

async function runServer(commandLine: CommandLineRun, ownVersion: string): Promise<number | null> {
  // Our young objects are few and short-lived. Threads that help to collect them cost more than they
  // save, and the event loop stands still until each of them has had a processor.
  setFlagsFromString('--no-parallel-scavenge');
  const stdin = commandLine.confFromStdin ? readFileSync(0, 'latin1') : '';
  try {
    const config = Config.fromCommandLine(commandLine, process.cwd(), stdin);
    config.validateForBundledServer();
    commandTable(config);
    if (config.values.daemonize && !isDaemon(process.env)) return await startDaemon(stdin);
    const log = openLog(config, ownVersion);
    return await serve(config, log);
  } catch (error) {
    if (error instanceof ConfError) return refuseToStart(error.block());
    if (error instanceof OperatorError) return refuseToStart(error.message);
    throw error;
  }
}

/** The reason goes to the terminal: to ours, or to that of whoever started the daemon. */
async function refuseToStart(reason: string): Promise<number> {
  process.stderr.write(`${reason}\n`);
  await reportToStarter({ failed: reason });
  return 1;
}

/** The log, with its first lines. Throws OperatorError when its file or `dir` cannot be used. */
function openLog(config: Config, ownVersion: string): Logger {
  const { values } = config;
  // A relative name of the log file is one in `dir`, as in Redis.
  const refusal = changeDirectory(config, pathOf(values.dir));
  if (refusal !== null) throw new OperatorError(refusal);
  const write = openLogOutput(pathOf(values.logfile));
  const log = new Logger({ clock: systemClock, pid: process.pid, write });
  log.level = values.loglevel;
  log.notice(`repl-server ${ownVersion} (as Redis ${emulatedVersion}) on Node ${process.version}`);
  warnOfIgnored(config, log);
  logCrashes(log);
  return log;
}

/** A bug ends the process with its stack; a daemon has no terminal to show it on. */
function logCrashes(log: Logger): void {
  process.on('uncaughtExceptionMonitor', (error) => {
    log.warning(`The server has crashed, which is a bug of it: ${error.stack ?? error.message}`);
    void reportToStarter({ failed: `The server has crashed: ${error.message}` });
  });
}

async function serve(config: Config, log: Logger): Promise<number | null> {
  let listening: Listening;
  try {
    listening = await openListeners(config, log);
  } catch (error) {
    const { message } = error as Error;
    log.warning(`${message}. The server does not start.`);
    return await failToStart(config, message);
  }
  log.notice(`Listening, port ${config.values.port}, PID: ${process.pid}`);
  return runUntilStopped(config, log, listening);
}

/** The log has the reason already; where that is standard output, the terminal has it too. */
async function failToStart(config: Config, reason: string): Promise<number> {
  if (config.values.logfile !== '') process.stderr.write(`${reason}\n`);
  await reportToStarter({ failed: reason });
  return 1;
}

async function runUntilStopped(
  config: Config,
  log: Logger,
  listening: Listening,
): Promise<number | null> {
  const pidfile = pidfileOf(config);
  const release = (): void => {
    listening.close();
    if (pidfile !== '') rmSync(pidfile, { force: true });
  };
  const server = new BundledServer({
    clock: systemClock,
    random: systemRandom,
    log,
    config,
    pid: process.pid,
    connect: (master, events) => connectTcp(master, events, sourceAddress(config)),
    defer: (fn) => void setImmediate(fn),
    changeDirectory: (path) => changeDirectory(config, path),
    listenAnew: () => listening.listenAnew(),
    onFatal: () => {
      release();
      process.exit(1);
    },
    onStopped: () => {
      release();
      // Everything is closed; what a library may have left open must not keep the process.
      process.exitCode = 0;
      setImmediate(() => process.exit());
    },
  });
  if (pidfile !== '') writePidfile(pidfile, log);
  try {
    server.context.persistence.dataFile.removeLeftovers();
    handleSignals(server, log, release);
    listening.serve((listener, unixPath) => server.networking.serve(listener, unixPath));
    await server.start();
  } catch (error) {
    const { cause, message } = error as Error;
    const verdict =
      cause instanceof RdbError
        ? 'Terminating server after rdb file reading failure.'
        : 'Fatal error loading the DB, exiting.';
    log.warning(`${message} ${verdict}`);
    server.stop();
    release();
    return failToStart(config, message);
  }
  log.notice('Ready to accept connections');
  await reportToStarter({ ready: true });
  return null;
}

/** The first signal saves and stops in order; a second Ctrl-C does not wait for that. [redis 7.0] */
function handleSignals(server: BundledServer, log: Logger, release: () => void): void {
  let asked = false;
  const shutdown = async (signal: ShutdownSignal): Promise<void> => {
    asked = (await server.shutdownBySignal(signal)) === null;
  };
  const onSignal = (signal: ShutdownSignal): void => {
    if (asked && signal !== 'SIGINT') return;
    if (asked) {
      log.warning(`Received ${signal} again. You insist... exiting now.`);
      server.context.persistence.abortAll('the server exits at once');
      release();
      process.exit(1);
    }
    asked = true;
    if (server.context.loading.kind === 'exclusive') {
      log.warning(`Received ${signal} during loading, exiting now.`);
      release();
      process.exit(0);
    }
    log.warning(`Received ${signal}, scheduling shutdown...`);
    void shutdown(signal);
  };
  process.on('SIGTERM', () => onSignal('SIGTERM'));
  process.on('SIGINT', () => onSignal('SIGINT'));
  process.on('SIGHUP', () => undefined);
  // Node would open a port for its debugger.
  process.on('SIGUSR1', () => undefined);
}

/** The data files' directory is the process's own; `dir` is absolute from then on, as in Redis. */
function changeDirectory(config: Config, path: string): string | null {
  try {
    process.chdir(path);
  } catch (error) {
    return `Can't change to directory '${path}': ${systemMessage(error)}`;
  }
  config.override('dir', [fromPath(process.cwd())]);
  return null;
}

function warnOfIgnored(config: Config, log: Logger): void {
  const ignored = config.ignoredDirectives();
  if (ignored.length === 0) return;
  log.verbose(`Settings without effect in this server: ${ignored.join(', ')}`);
}

/** As Redis has it: where asked for, and by default for a daemon. Absolute; '' for none. */
function pidfileOf(config: Config): string {
  const { pidfile, daemonize } = config.values;
  if (pidfile !== null && pidfile !== '') return resolve(pathOf(pidfile));
  return daemonize ? '/var/run/redis.pid' : '';
}

/** Without one the server serves as well. */
function writePidfile(path: string, log: Logger): void {
  try {
    writeFileSync(path, `${process.pid}\n`);
  } catch (error) {
    log.warning(`Failed to write PID file ${path}: ${systemMessage(error)}`);
  }
}

/** Replication leaves from the address that `bind-source-addr` names. */
function sourceAddress(config: Config): { sourceAddress?: string } {
  const address = config.values.bindSourceAddr;
  return address === null || address === '' ? {} : { sourceAddress: address };
}
