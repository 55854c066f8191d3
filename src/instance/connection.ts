/**
 * One connection to one live server. Used by topology/ to read and change servers. One attempt,
 * with a deadline; it never reconnects, never throws for what a server or a network does, and never
 * keeps the process alive once closed.
 */
import type { Reply } from '../protocol/reply-reader.ts';
import { encodeLatin1 } from '../protocol/resp-encode.ts';
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
import { PlainWire } from './plain-wire.ts';
import type { Secret } from './secret.ts';
import type { Tls } from './tls.ts';
import type { Wire } from './wire.ts';

/** How to get in. A server without a password lets us in with one, too. */
export interface Credentials {
  readonly username?: string;
  readonly password?: Secret;
  /** Undefined: plain TCP. */
  readonly tls?: Tls;
}

export interface InstanceTarget extends Address, Credentials {
  /** For connecting and logging in together, and then for each command on its own. */
  readonly timeoutMs: number;
}

/**
 * Connects and logs in. Fails as a value within `timeoutMs`; a server that asks for a password and
 * got none connects all right and refuses the first command.
 */
export async function connectInstance(target: InstanceTarget): Promise<Outcome<Instance>> {
  // It takes longer to load than all of `repl status` to run.
  const { IoredisWire } = await import('./ioredis-wire.ts');
  return open(target, new IoredisWire(target));
}

/** The same for whoever only looks. */
export function connectToLook(target: InstanceTarget): Promise<Outcome<Instance>> {
  return open(target, new PlainWire(target));
}

/** The same for whoever reads whole data sets; texts in replies have a character per byte. */
export async function connectInBulk(target: InstanceTarget): Promise<Outcome<BulkInstance>> {
  const wire = new PlainWire(target, 'bytes');
  const opened = await open(target, wire);
  return opened.kind === 'failed' ? opened : ok(new BulkInstance(opened.value, wire));
}

async function open(target: InstanceTarget, wire: Wire): Promise<Outcome<Instance>> {
  const startedAt = performance.now();
  const instance = new Instance(target, wire);
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

/** A connection. Made by the functions above; whoever asked for it closes it. */
export class Instance {
  readonly address: Address;
  readonly #timeoutMs: number;
  readonly #wire: Wire;
  /** A server that speaks none waits for more of what it takes for a request. */
  readonly #isTls: boolean;
  #hasAnswered = false;
  #broken: Failure | undefined;
  #closed = false;

  constructor(target: InstanceTarget, wire: Wire) {
    this.address = { host: target.host, port: target.port };
    this.#timeoutMs = target.timeoutMs;
    this.#wire = wire;
    this.#isTls = target.tls !== undefined;
  }

  /** Opens the socket. Called once, before it is handed out. */
  async connect(): Promise<Outcome<void>> {
    const connected = this.#wire.connect().then(
      () => ok(undefined),
      (error: unknown) => this.#onBroken(classifyConnectionError(error, this.address)),
    );
    return this.#withDeadline(connected, this.#timeoutMs, this.#isTls ? 'to TLS ' : '');
  }

  /** Sends one command. An error reply, a timeout and a broken connection are all `failed`. */
  async call(
    args: readonly (string | number)[],
    options: { timeoutMs?: number } = {},
  ): Promise<Outcome<unknown>> {
    if (this.#broken !== undefined) return { kind: 'failed', failure: this.#broken };
    return this.answerOf(this.#wire.call(args.map(String)), options);
  }

  /** What was asked on this connection's wire: the same deadline, the same words for failures. */
  answerOf<T>(asked: Promise<T>, options: { timeoutMs?: number } = {}): Promise<Outcome<T>> {
    const onAnswer = (value: T): Outcome<T> => {
      this.#hasAnswered = true;
      return ok(value);
    };
    const reply = asked.then(onAnswer, (error: unknown) => this.#onCommandError(error));
    return this.#withDeadline(reply, options.timeoutMs ?? this.#timeoutMs);
  }

  /** Drops the connection at once; commands that still wait fail. Twice is harmless. */
  close(): void {
    this.#broken ??= { kind: 'unreachable', message: 'we closed the connection' };
    if (this.#closed) return;
    this.#closed = true;
    this.#wire.destroy();
  }

  #onCommandError(error: unknown): Failed {
    const isReply = error instanceof Error && error.name === 'ReplyError';
    if (isReply) {
      this.#hasAnswered = true;
      return { kind: 'failed', failure: classifyReply(error.message) };
    }
    const { kind, message } = classifyConnectionError(error, this.address);
    const isHungUp = kind === 'unreachable' && !this.#hasAnswered && !this.#isTls;
    const more = isHungUp ? ' at our first word: a server of TLS does that (--tls)' : '';
    return this.#onBroken({ kind, message: `${message}${more}` });
  }

  #onBroken(failure: Failure): Failed {
    this.#broken ??= failure;
    this.close();
    return { kind: 'failed', failure: this.#broken };
  }

  /** After a missed deadline the replies would be out of step: the connection is given up. */
  async #withDeadline<T>(
    work: Promise<Outcome<T>>,
    timeoutMs: number,
    toWhat = '',
  ): Promise<Outcome<T>> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<Outcome<T>>((resolve) => {
      timer = setTimeout(() => {
        const missed = failed('timeout', `no answer ${toWhat}in ${Math.round(timeoutMs)} ms`);
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

/** A connection for many requests at a time. */
export class BulkInstance {
  readonly address: Address;
  readonly #instance: Instance;
  readonly #wire: PlainWire;

  constructor(instance: Instance, wire: PlainWire) {
    this.address = instance.address;
    this.#instance = instance;
    this.#wire = wire;
  }

  /** Sends one command; an error reply is `failed`. */
  call(args: readonly (string | number)[]): Promise<Outcome<unknown>> {
    return this.#instance.call(args);
  }

  /**
   * Sends requests in one write, their arguments a character per byte, and returns the replies in
   * order, error replies among them. `failed` only when the connection is lost. A text is a request
   * that is encoded already.
   */
  pipeline(requests: readonly (readonly string[] | string)[]): Promise<Outcome<readonly Reply[]>> {
    let text = '';
    for (const request of requests) {
      text += typeof request === 'string' ? request : encodeLatin1(request);
    }
    return this.#instance.answerOf(this.#wire.pipeline(text, requests.length));
  }

  close(): void {
    this.#instance.close();
  }
}
