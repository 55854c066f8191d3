/**
 * The commands with which a change is made on a live server, one function each. Used by topology/,
 * which knows in which order; nothing here decides anything.
 */
import type { Address } from './address.ts';
import type { Instance } from './connection.ts';
import { ok, type Outcome } from './failure.ts';

/** A line of CLIENT LIST, as far as we read it. */
export interface ClientLine {
  readonly id: number;
  /** Empty where the client gave itself none. */
  readonly name: string;
  readonly ageSeconds: number | undefined;
}

/** Makes the server follow `upstream`; it goes on with what it has until the link is made. */
export function replicaofUpstream(instance: Instance, upstream: Address): Promise<Outcome<void>> {
  return run(instance, ['REPLICAOF', upstream.host, upstream.port]);
}

/**
 * Where nobody listens, on the server's own machine. Whoever follows that keeps its data and its
 * place in the history, and continues from there once it follows somebody else.
 */
export const nowhere: Address = { host: '127.0.0.1', port: 1 };

/** Lets the server receive nothing, and still be a replica. */
export function replicaofNobody(instance: Instance): Promise<Outcome<void>> {
  return replicaofUpstream(instance, nowhere);
}

/** Makes the server a master; it keeps its data. */
export function replicaofNoOne(instance: Instance): Promise<Outcome<void>> {
  return run(instance, ['REPLICAOF', 'NO', 'ONE']);
}

/** Holds back writes for at most `forMs`; reads and replication go on. Redis 6.2 and later. */
export function pauseWrites(instance: Instance, forMs: number): Promise<Outcome<void>> {
  return run(instance, ['CLIENT', 'PAUSE', forMs, 'WRITE']);
}

export function unpause(instance: Instance): Promise<Outcome<void>> {
  return run(instance, ['CLIENT', 'UNPAUSE']);
}

/** A setting of the running server; CONFIG REWRITE is another matter. */
export function configSet(
  instance: Instance,
  name: string,
  value: string | number,
): Promise<Outcome<void>> {
  return run(instance, ['CONFIG', 'SET', name, value]);
}

/** Starts a handover to one of the server's replicas, which ends later or is given up. */
export function failoverTo(
  instance: Instance,
  { host, port }: Address,
  { timeoutMs }: { timeoutMs: number },
): Promise<Outcome<void>> {
  return run(instance, ['FAILOVER', 'TO', host, port, 'TIMEOUT', timeoutMs]);
}

export function failoverAbort(instance: Instance): Promise<Outcome<void>> {
  return run(instance, ['FAILOVER', 'ABORT']);
}

/** Writes the running settings, `replicaof` among them, into the server's own configuration file. */
export function configRewrite(instance: Instance): Promise<Outcome<void>> {
  return run(instance, ['CONFIG', 'REWRITE']);
}

/** Names this connection in CLIENT LIST. No spaces, no letters outside ASCII. */
export function setClientName(instance: Instance, name: string): Promise<Outcome<void>> {
  return run(instance, ['CLIENT', 'SETNAME', name]);
}

export async function listClients(instance: Instance): Promise<Outcome<readonly ClientLine[]>> {
  const reply = await instance.call(['CLIENT', 'LIST']);
  return reply.kind === 'failed' ? reply : ok(parseClientList(String(reply.value)));
}

export function ping(instance: Instance): Promise<Outcome<void>> {
  return run(instance, ['PING']);
}

/** The reply to CLIENT LIST: a line per client, `name=value` in it, separated by spaces. */
export function parseClientList(text: string): ClientLine[] {
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  return lines.map((line) => {
    const fields = new Map(
      line.split(' ').map((field) => {
        const at = field.indexOf('=');
        return [field.slice(0, at), field.slice(at + 1)] as const;
      }),
    );
    const age = Number(fields.get('age') ?? Number.NaN);
    return {
      id: Number(fields.get('id')),
      name: fields.get('name') ?? '',
      ageSeconds: Number.isNaN(age) ? undefined : age,
    };
  });
}

async function run(instance: Instance, args: readonly (string | number)[]): Promise<Outcome<void>> {
  const reply = await instance.call(args);
  return reply.kind === 'ok' ? ok(undefined) : reply;
}
