/**
 * The bundled server as a process: command line, configuration, daemon, pid file, log file,
 * signals. Takes what redis-server takes; see `redis-conf/command-line.ts`. Started by
 * bin/repl-server.js, by the lab, and in redis-server's place by whoever likes.
 */
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseCommandLine, usageText, type CommandLineRun } from '../redis-conf/command-line.ts';
import { ConfError } from '../redis-conf/conf-error.ts';
import { systemClock } from '../util/clock.ts';
import { OperatorError } from '../util/errors.ts';
import { systemRandom } from '../util/random.ts';
import { Config, pathOf } from './config.ts';
import { isDaemon, reportToStarter, startDaemon } from './daemon.ts';
import { closeListeners, type Listeners, openListeners } from './listen.ts';
import { Logger } from './log.ts';
import { connectTcp } from './replication/tcp-wire.ts';
import { BundledServer, emulatedVersion } from './server.ts';

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
      return runServer(commandLine, ownVersion);
  }
}

async function runServer(commandLine: CommandLineRun, ownVersion: string): Promise<number | null> {
  const stdin = commandLine.confFromStdin ? readFileSync(0, 'latin1') : '';
  let config: Config;
  try {
    config = Config.fromCommandLine(commandLine, process.cwd(), stdin);
    config.validateForBundledServer();
  } catch (error) {
    return refuseToStart(error);
  }
  if (config.values.daemonize && !isDaemon(process.env)) return startDaemon(stdin);
  return serve(config, ownVersion);
}

/** A configuration that cannot be served: the reason in the form that Redis prints. */
function refuseToStart(error: unknown): number {
  if (!(error instanceof ConfError) && !(error instanceof OperatorError)) throw error;
  process.stderr.write(`${error.message}\n`);
  reportToStarter({ failed: error.message });
  return 1;
}

async function serve(config: Config, ownVersion: string): Promise<number | null> {
  const { values } = config;
  const logfile = pathOf(values.logfile);
  process.chdir(pathOf(values.dir));
  const log = new Logger({
    clock: systemClock,
    pid: process.pid,
    write:
      logfile === ''
        ? (line) => process.stdout.write(line)
        : (line) => appendFileSync(logfile, line, { mode: 0o640 }),
  });
  log.level = values.loglevel;
  log.notice(
    `repl-server ${ownVersion} (as Redis ${emulatedVersion}) on Node ${process.version}, ` +
      `port ${values.port}, PID: ${process.pid}`,
  );
  warnOfIgnored(config, log);
  let listeners: Listeners;
  try {
    listeners = await openListeners(config, log);
  } catch (error) {
    const { message } = error as Error;
    log.warning(message);
    log.warning(`Failed listening on port ${values.port} (TCP), aborting.`);
    reportToStarter({ failed: message });
    return 1;
  }
  return runUntilStopped(config, log, listeners);
}

function runUntilStopped(config: Config, log: Logger, listeners: Listeners): number | null {
  const pidfile = pidfileOf(config);
  const server = new BundledServer({
    clock: systemClock,
    random: systemRandom,
    log,
    config,
    pid: process.pid,
    connect: (master, events) => connectTcp(master, events, sourceAddress(config)),
    defer: (fn) => void setImmediate(fn),
    onStopped: () => {
      closeListeners(listeners);
      if (pidfile !== '') rmSync(pidfile, { force: true });
      // Everything is closed; what a library may have left open must not keep the process.
      process.exitCode = 0;
      setImmediate(() => process.exit());
    },
  });
  if (pidfile !== '') writeFileSync(pidfile, `${process.pid}\n`);
  try {
    server.start();
  } catch (error) {
    const { message } = error as Error;
    log.warning(`${message} Fatal error loading the DB, exiting.`);
    closeListeners(listeners);
    if (pidfile !== '') rmSync(pidfile, { force: true });
    reportToStarter({ failed: message });
    return 1;
  }
  handleSignals(server, log);
  for (const listener of listeners.tcp) server.networking.serve(listener, null);
  const { unix } = listeners;
  if (unix !== null) server.networking.serve(unix.server, unix.path);
  log.notice('Ready to accept connections');
  reportToStarter({ ready: true });
  return null;
}

/** The first signal saves and stops in order; a second one does not wait. */
function handleSignals(server: BundledServer, log: Logger): void {
  let asked = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (asked) {
      log.warning(`Received ${signal} again: exiting at once`);
      process.exit(1);
    }
    asked = true;
    log.warning(`Received ${signal}, scheduling shutdown...`);
    void server.shutdownBySignal().then((error) => {
      asked = error === null;
    });
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('SIGHUP', () => undefined);
}

function warnOfIgnored(config: Config, log: Logger): void {
  const ignored = config.ignoredDirectives();
  if (ignored.length === 0) return;
  log.verbose(`Settings without effect in this server: ${ignored.join(', ')}`);
}

/** As Redis has it: where asked for, and by default for a daemon. */
function pidfileOf(config: Config): string {
  const { pidfile, daemonize } = config.values;
  if (pidfile !== null && pidfile !== '') return pathOf(pidfile);
  return daemonize ? '/var/run/redis.pid' : '';
}

/** Replication leaves from the address that `bind-source-addr` names. */
function sourceAddress(config: Config): { sourceAddress?: string } {
  const address = config.values.bindSourceAddr;
  return address === null || address === '' ? {} : { sourceAddress: address };
}
