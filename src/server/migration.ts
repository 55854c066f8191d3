/**
 * The other end of MIGRATE: connections to the servers that keys are moved to, and what is said on
 * them. They are kept for a while, because whoever moves one key moves many.
 *
 *     → AUTH …, SELECT n (when another database is selected), RESTORE key ttl payload [REPLACE] …
 *     ← a line for each
 *
 * It knows nothing of the keyspace: MIGRATE gives it payloads, and deletes what was taken.
 */
import { encodeCommand } from '../protocol/resp-encode.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Connect, Wire } from './replication/ports.ts';

export interface MigratedKey {
  readonly key: Uint8Array;
  /** Milliseconds, 0 for ever. */
  readonly ttlMs: number;
  readonly payload: Uint8Array;
}

export interface MigrationRequest {
  readonly host: string;
  readonly port: number;
  readonly dbId: number;
  readonly timeoutMs: number;
  /** What follows AUTH; empty for none. */
  readonly auth: readonly Uint8Array[];
  readonly replace: boolean;
  readonly keys: readonly MigratedKey[];
}

export interface MigrationResult {
  /** Whether each key has been taken. */
  readonly taken: readonly boolean[];
  /** The error to reply, null when all went well. */
  readonly error: string | null;
}

/** An unused connection is closed after this. [cluster.c, 7.0] */
const keptMs = 10_000;
const maxKept = 64;

const ioErrors = {
  connecting: 'IOERR error or timeout connecting to the client',
  writing: 'IOERR error or timeout writing to target instance',
  reading: 'IOERR error or timeout reading to target instance',
} as const;

export class Migrations {
  readonly #clock: Clock;
  readonly #connect: Connect;
  readonly #kept = new Map<string, Target>();

  constructor(options: { clock: Clock; connect: Connect }) {
    this.#clock = options.clock;
    this.#connect = options.connect;
  }

  get keptConnections(): number {
    return this.#kept.size;
  }

  async run(request: MigrationRequest): Promise<MigrationResult> {
    const name = `${request.host}:${request.port}`;
    const kept = this.#kept.get(name);
    const target = kept ?? this.#open(request, name);
    const result = await target.run(request);
    target.usedAtMs = this.#clock.monotonic();
    if (!target.failed) return result;
    this.#forget(name, target);
    // The other end may have closed a connection that was kept: that says nothing of a new one.
    return kept !== undefined && !target.hasAnswered ? this.run(request) : result;
  }

  /** Closes the connections that have not been used for a while. */
  cron(): void {
    const before = this.#clock.monotonic() - keptMs;
    for (const [name, target] of this.#kept) {
      if (target.usedAtMs < before) this.#forget(name, target);
    }
  }

  close(): void {
    for (const [name, target] of this.#kept) this.#forget(name, target);
  }

  #open(request: MigrationRequest, name: string): Target {
    const target = new Target(this.#clock, this.#connect, request, () =>
      this.#forget(name, target),
    );
    const [oldest] = this.#kept;
    if (this.#kept.size === maxKept && oldest !== undefined) this.#forget(...oldest);
    this.#kept.set(name, target);
    return target;
  }

  #forget(name: string, target: Target): void {
    target.close();
    if (this.#kept.get(name) === target) this.#kept.delete(name);
  }
}

/** One connection; one request at a time. */
class Target {
  usedAtMs = 0;
  /** The connection is of no use any more. */
  failed = false;
  /** It has answered something to the request at hand. */
  hasAnswered = false;
  readonly #clock: Clock;
  readonly #wire: Wire;
  #connected = false;
  #selectedDb = 0;
  #received = '';
  /** The answers so far, and who waits for them. */
  #lines: string[] = [];
  #wanted = 0;
  #settle: ((lost: keyof typeof ioErrors | null) => void) | null = null;

  constructor(
    clock: Clock,
    connect: Connect,
    { host, port }: MigrationRequest,
    onClosed: () => void,
  ) {
    this.#clock = clock;
    this.#wire = connect(
      { host, port },
      {
        onConnect: () => {
          this.#connected = true;
        },
        onData: (chunk) => this.#onData(chunk),
        onClose: (reason) => {
          this.#lose(this.#connected ? 'reading' : lossOf(reason));
          onClosed();
        },
      },
    );
  }

  async run(request: MigrationRequest): Promise<MigrationResult> {
    const { auth, dbId, keys, replace, timeoutMs } = request;
    const selects = dbId !== this.#selectedDb;
    const head: (readonly (string | Uint8Array)[])[] = [];
    if (auth.length > 0) head.push(['AUTH', ...auth]);
    if (selects) head.push(['SELECT', String(dbId)]);
    const restores = keys.map(({ key, ttlMs, payload }) => {
      const words = ['RESTORE', key, String(ttlMs), payload];
      return replace ? [...words, 'REPLACE'] : words;
    });
    const lost = await this.#exchange([...head, ...restores], timeoutMs);
    if (lost !== null) return { taken: keys.map(() => false), error: ioErrors[lost] };
    const refusedHead = this.#lines.slice(0, head.length).find(isError);
    this.#selectedDb = refusedHead === undefined ? dbId : unknownDb;
    const answers = this.#lines.slice(head.length);
    const refused = refusedHead ?? answers.find(isError);
    return {
      taken: answers.map((line) => refusedHead === undefined && !isError(line)),
      error:
        refused === undefined
          ? null
          : `ERR Target instance replied with error: ${refused.slice(1)}`,
    };
  }

  close(): void {
    this.#lose('reading');
    this.#wire.destroy();
  }

  /** Resolves to null when all are answered, or to where it was lost. */
  #exchange(
    commands: readonly (readonly (string | Uint8Array)[])[],
    timeoutMs: number,
  ): Promise<keyof typeof ioErrors | null> {
    this.#lines = [];
    this.#wanted = commands.length;
    this.hasAnswered = false;
    return new Promise((resolve) => {
      const timer: Timer = this.#clock.schedule(timeoutMs, () =>
        this.#lose(this.#connected ? 'reading' : 'connecting'),
      );
      this.#settle = (lost) => {
        timer.cancel();
        this.#settle = null;
        resolve(lost);
      };
      this.#wire.write(Buffer.concat(commands.map(encodeCommand)));
    });
  }

  #onData(chunk: Uint8Array): void {
    this.#received += Buffer.from(chunk).toString('latin1');
    const lines = this.#received.split('\r\n');
    this.#received = lines.pop() as string;
    this.#lines.push(...lines);
    this.hasAnswered ||= lines.length > 0;
    if (this.#lines.length >= this.#wanted) this.#settle?.(null);
  }

  #lose(where: keyof typeof ioErrors): void {
    this.failed = true;
    this.#settle?.(where);
  }
}

/** After an error nobody knows which database is selected. */
const unknownDb = -1;

function isError(line: string): boolean {
  return line.startsWith('-');
}

/** As Redis tells them apart: it looks a name up at once, and notices a refusal as it writes. */
function lossOf(reason: string): keyof typeof ioErrors {
  return reason.startsWith('getaddrinfo') ? 'connecting' : 'writing';
}
