/**
 * One connection to one live server: the only file that knows ioredis. Used by topology/ to read
 * and change servers. One attempt, with a deadline; it never reconnects, never throws for what a
 * server or a network does, and never keeps the process alive once closed.
 */
import { Redis, type RedisOptions } from 'ioredis';
import type { Address } from './address.ts';
import {
  classifyConnectionError,
  classifyReply,
  failed,
  ok,
  type Failed,
  type Failure,
  type Outcome,
} from './failure.ts';
import type { Secret } from './secret.ts';

/** How to log in. A server without a password lets us in with one, too. */
export interface Credentials {
  readonly username?: string;
  readonly password?: Secret;
}

export interface InstanceTarget extends Address, Credentials {
  /** Node's TLS options; their presence turns TLS on. */
  readonly tls?: NonNullable<RedisOptions['tls']>;
  /** For connecting and logging in together, and then for each command on its own. */
  readonly timeoutMs: number;
}

/**
 * Connects and logs in. Fails as a value within `timeoutMs`; a server that asks for a password and
 * got none connects all right and refuses the first command.
 */
export async function connectInstance(target: InstanceTarget): Promise<Outcome<Instance>> {
  const startedAt = performance.now();
  const instance = new Instance(target);
  const connected = await instance.connect();
  if (connected.kind === 'failed') return connected;
  const timeoutMs = Math.max(1, target.timeoutMs - (performance.now() - startedAt));
  const refusal = await logIn(instance, target, timeoutMs);
  if (refusal === undefined) return ok(instance);
  instance.close();
  return { kind: 'failed', failure: refusal };
}

/** Undefined when we are in. The server's own words are not passed on: they may hold the secret. */
async function logIn(
  instance: Instance,
  { username, password }: Credentials,
  timeoutMs: number,
): Promise<Failure | undefined> {
  if (password === undefined || password.empty) return undefined;
  const user = username === undefined ? [] : [username];
  const reply = await instance.call(['AUTH', ...user, password.reveal()], { timeoutMs });
  if (reply.kind === 'ok') return undefined;
  const { kind, message } = reply.failure;
  if (/without any password configured|no password is set/i.test(message)) return undefined;
  if (kind === 'auth') return { kind, message: 'does not accept our password' };
  return kind === 'reply' ? { kind: 'auth', message: 'refuses to let us log in' } : reply.failure;
}

/** A connection. Made by `connectInstance`; whoever asked for it closes it. */
export class Instance {
  readonly address: Address;
  readonly #timeoutMs: number;
  readonly #client: Redis;
  /** The last thing that went wrong on the socket: ioredis only tells it in an event. */
  #socketError: unknown;
  #broken: Failure | undefined;
  #closed = false;

  constructor(target: InstanceTarget) {
    this.address = { host: target.host, port: target.port };
    this.#timeoutMs = target.timeoutMs;
    this.#client = new Redis({
      host: target.host,
      port: target.port,
      ...(target.tls === undefined ? {} : { tls: target.tls }),
      // We read strings, numbers and arrays only, and so every server since 2.8 answers alike.
      protocol: 2,
      lazyConnect: true,
      retryStrategy: null,
      maxRetriesPerRequest: null,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      disableClientInfo: true,
      connectTimeout: target.timeoutMs,
    });
    this.#client.on('error', (error: unknown) => {
      this.#socketError ??= error;
    });
  }

  /** Opens the socket. Called once, by `connectInstance`. */
  async connect(): Promise<Outcome<void>> {
    const connected = this.#client.connect().then(
      () => ok(undefined),
      (error: unknown) =>
        this.#onBroken(classifyConnectionError(this.#socketError ?? error, this.address)),
    );
    return this.#withDeadline(connected, this.#timeoutMs);
  }

  /** Sends one command. An error reply, a timeout and a broken connection are all `failed`. */
  async call(
    args: readonly (string | number)[],
    options: { timeoutMs?: number } = {},
  ): Promise<Outcome<unknown>> {
    if (this.#broken !== undefined) return { kind: 'failed', failure: this.#broken };
    const [name, ...rest] = args.map(String);
    const reply = this.#client.call(name, ...rest).then(
      (value: unknown) => ok(value),
      (error: unknown) => this.#onCommandError(error),
    );
    return this.#withDeadline(reply, options.timeoutMs ?? this.#timeoutMs);
  }

  /** Drops the connection at once; commands that still wait fail. Twice is harmless. */
  close(): void {
    this.#broken ??= { kind: 'unreachable', message: 'we closed the connection' };
    if (this.#closed) return;
    this.#closed = true;
    // There is no stream before the first connect, whatever the type says.
    const stream = this.#client.stream as NetStream | undefined;
    this.#client.disconnect();
    // A polite end would wait for a frozen peer, and keep the process alive meanwhile.
    stream?.destroy();
  }

  #onCommandError(error: unknown): Failed {
    const isReply = error instanceof Error && error.name === 'ReplyError';
    if (isReply) return { kind: 'failed', failure: classifyReply(error.message) };
    return this.#onBroken(classifyConnectionError(this.#socketError ?? error, this.address));
  }

  #onBroken(failure: Failure): Failed {
    this.#broken ??= failure;
    this.close();
    return { kind: 'failed', failure: this.#broken };
  }

  /** After a missed deadline the replies would be out of step: the connection is given up. */
  async #withDeadline<T>(work: Promise<Outcome<T>>, timeoutMs: number): Promise<Outcome<T>> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<Outcome<T>>((resolve) => {
      timer = setTimeout(() => {
        const missed = failed('timeout', `no answer in ${Math.round(timeoutMs)} ms`);
        resolve(this.#onBroken(missed.failure));
      }, timeoutMs);
    });
    try {
      return await Promise.race([work, deadline]);
    } finally {
      clearTimeout(timer);
    }
  }
}

type NetStream = Redis['stream'];
