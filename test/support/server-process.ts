/**
 * One server under test as a child process: started, awaited, stopped, killed, started again.
 * real-servers.ts and bundled-server.ts say what to run; tests see only `TestServer`, whatever
 * kind of server it is.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { connectResp, formatReply, type RespClient } from './resp-client.ts';
import { makeTempDir, type TempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

/** How long a server may take from start to ready, and from SIGTERM to its end. */
const startTimeoutMs = 20_000;
const stopTimeoutMs = 10_000;

/** Tries with other ports when somebody took the one we found. */
const portTries = 5;

/** The program and the arguments that come before those of the server itself. */
export interface ServerProgram {
  kind: string;
  command: readonly string[];
}

export interface ServerOptions {
  /** Arguments in the form of the command line: `['--maxmemory', '1mb']`; they win over `conf`. */
  args?: readonly string[];
  /** Text of a configuration file, which is written into the directory. */
  conf?: string;
  /** A port of your own choice; otherwise a free one. */
  port?: number;
  /** What it logs when it can be asked; a Sentinel has words of its own. */
  ready?: string;
  /** Sets `requirepass` and `masterauth`, and is what the helpers log in with. */
  password?: string;
}

export interface TestServer {
  readonly kind: string;
  readonly host: string;
  readonly port: number;
  /** The working directory; only `close` removes it. */
  readonly dir: string;
  /** The process id; another one after `restart`. */
  readonly pid: number;
  readonly running: boolean;
  /** All that the server printed so far, over all its lives. */
  log(): string;
  /** One command on a connection of its own; the reply as redis-cli prints it into a pipe. */
  cli(...args: (string | number)[]): Promise<string>;
  /** One field of INFO; empty when there is none of that name. */
  info(field: string): Promise<string>;
  /** A logged-in connection. It is closed with the server. */
  connect(options?: { protocol?: 2 | 3 }): Promise<RespClient>;
  /** SIGTERM, and waits for the end. The directory stays, so that `restart` finds its data. */
  stop(): Promise<void>;
  kill9(): Promise<void>;
  /** Stops the server if it runs, and starts it again on the same port in the same directory. */
  restart(more?: { args?: readonly string[] }): Promise<void>;
  /** Stops the process where it is, or lets it go on: a server that hangs. */
  freeze(): void;
  thaw(): void;
  /** Stops the server and removes its directory. Twice is harmless. */
  close(): Promise<void>;
}

/** Starts the program and waits until it says that it is ready. Throws with its log otherwise. */
export async function startServerProcess(
  program: ServerProgram,
  options: ServerOptions = {},
): Promise<TestServer> {
  for (let tries = 1; ; tries++) {
    const port = options.port ?? (await freePort());
    const server = new ServerProcess(program, options, port, await makeTempDir(program.kind));
    try {
      await server.start(options.args ?? []);
      return server;
    } catch (error) {
      await server.close();
      const portTaken = /address already in use|EADDRINUSE/i.test(server.log());
      if (!portTaken || options.port !== undefined || tries === portTries) throw error;
    }
  }
}

/** Runs the program until it ends by itself: for configurations that must be refused. */
export async function runServerToExit(
  program: ServerProgram,
  options: { args?: readonly string[]; conf?: string } = {},
): Promise<{ code: number | null; output: string }> {
  const dir = await makeTempDir(program.kind);
  const { child, output } = await spawnServer(program, dir, options.conf, options.args ?? []);
  try {
    await waitFor(() => hasEnded(child), { timeoutMs: startTimeoutMs, what: 'the server to exit' });
    return { code: child.exitCode, output: output() };
  } finally {
    child.kill('SIGKILL');
    await dir.close();
  }
}

class ServerProcess implements TestServer {
  readonly kind: string;
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly #program: ServerProgram;
  readonly #options: ServerOptions;
  readonly #dir: TempDir;
  readonly #clients = new Set<RespClient>();
  #child: ChildProcess | undefined;
  #pastOutput = '';
  #output = (): string => '';

  constructor(program: ServerProgram, options: ServerOptions, port: number, dir: TempDir) {
    this.kind = program.kind;
    this.port = port;
    this.#program = program;
    this.#options = options;
    this.#dir = dir;
  }

  get dir(): string {
    return this.#dir.path;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get running(): boolean {
    return this.#child !== undefined && !hasEnded(this.#child);
  }

  log(): string {
    return this.#pastOutput + this.#output();
  }

  async start(args: readonly string[]): Promise<void> {
    this.#pastOutput = this.log();
    const allArgs = [...this.#commonArgs(), ...args];
    const spawned = await spawnServer(this.#program, this.#dir, this.#options.conf, allArgs);
    this.#child = spawned.child;
    this.#output = spawned.output;
    const ready = this.#options.ready ?? 'Ready to accept connections';
    await waitFor(() => !this.running || spawned.output().includes(ready), {
      timeoutMs: startTimeoutMs,
      what: () => `${this.kind} to be ready; its log:\n${this.log()}`,
    });
    if (!this.running) throw new Error(`${this.kind} ended at start; its log:\n${this.log()}`);
  }

  /** What servers under test have in common: loopback, no daemon, no saving or waiting unasked. */
  #commonArgs(): string[] {
    const { password } = this.#options;
    return [
      ['--port', String(this.port), '--bind', this.host, '--dir', this.dir],
      ['--daemonize', 'no', '--save', '', '--enable-debug-command', 'yes'],
      ['--repl-diskless-sync-delay', '0'],
      password === undefined ? [] : ['--requirepass', password, '--masterauth', password],
    ].flat();
  }

  async cli(...args: (string | number)[]): Promise<string> {
    const client = await this.connect();
    try {
      return formatReply(await client.command(...args));
    } finally {
      client.close();
      this.#clients.delete(client);
    }
  }

  async info(field: string): Promise<string> {
    const text = await this.cli('INFO', 'everything');
    return new RegExp(`^${field}:(.*?)\r?$`, 'm').exec(text)?.[1] ?? '';
  }

  async connect(options: { protocol?: 2 | 3 } = {}): Promise<RespClient> {
    const { password } = this.#options;
    const login = password === undefined ? {} : { password };
    const client = await connectResp({ port: this.port, ...login, ...options });
    this.#clients.add(client);
    return client;
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  kill9(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async restart(more: { args?: readonly string[] } = {}): Promise<void> {
    await this.stop();
    await this.start([...(this.#options.args ?? []), ...(more.args ?? [])]);
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    this.#clients.clear();
    await this.stop();
    await this.#dir.close();
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || hasEnded(child)) return;
    child.kill(signal);
    child.kill('SIGCONT'); // A frozen process does not see SIGTERM until it goes on.
    const hung = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    await new Promise<void>((resolve) => child.once('exit', () => resolve()));
    clearTimeout(hung);
  }
}

interface Spawned {
  child: ChildProcess;
  output: () => string;
}

async function spawnServer(
  program: ServerProgram,
  dir: TempDir,
  conf: string | undefined,
  args: readonly string[],
): Promise<Spawned> {
  const [file, ...first] = program.command;
  const confArgs = conf === undefined ? [] : [await writeConf(dir, conf)];
  const child = spawn(file, [...first, ...confArgs, ...args], {
    cwd: dir.path,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.once('error', (error) => chunks.push(Buffer.from(`${String(error)}\n`)));
  endWithUs(child);
  return { child, output: () => Buffer.concat(chunks).toString() };
}

async function writeConf(dir: TempDir, conf: string): Promise<string> {
  const path = join(dir.path, 'server.conf');
  await writeFile(path, conf);
  return path;
}

/** True also for a process that could not be started at all. */
function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

/** A test run that breaks off must not leave servers behind. */
function endWithUs(child: ChildProcess): void {
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
}
