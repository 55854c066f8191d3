/**
 * Why a server could not be asked. An unreachable node is data, not an exception: everything here
 * is a value that the topology keeps and the views print. No text in it ever holds a password.
 */
import { formatAddress, type Address } from './address.ts';

export type FailureKind =
  | 'unreachable' // nobody listens, no route, no such host, or the connection broke
  | 'timeout' // connected or not: no answer in time
  | 'auth' // a password is wanted, or ours is wrong, or the user may not do this
  | 'loading' // the server is reading its data and answers nothing yet
  | 'denied' // protected mode, or too many clients
  | 'sentinel' // a Sentinel: no data, no place in the tree
  | 'tls' // no TLS there, or a certificate that we do not trust, or none of ours that it trusts
  | 'protocol' // what answers is not a Redis that replicates
  | 'reply'; // an error reply to one command; the connection is fine

export interface Failure {
  readonly kind: FailureKind;
  /** One clause in plain words, without a final stop. */
  readonly message: string;
}

export interface Failed {
  readonly kind: 'failed';
  readonly failure: Failure;
}

export type Outcome<T> = { readonly kind: 'ok'; readonly value: T } | Failed;

export function ok<T>(value: T): Outcome<T> {
  return { kind: 'ok', value };
}

export function failed(kind: FailureKind, message: string): Failed {
  return { kind: 'failed', failure: { kind, message } };
}

/** How an error reply begins → what it means for us. The first row that fits decides. */
const replyKinds: readonly (readonly [prefix: RegExp, kind: FailureKind])[] = [
  [/^NOAUTH\b/, 'auth'],
  [/^WRONGPASS\b/, 'auth'],
  [/^NOPERM\b/, 'auth'],
  [/^ERR (?:invalid password|operation not permitted)/i, 'auth'],
  [/^LOADING\b/, 'loading'],
  [/^DENIED\b/, 'denied'],
  [/^ERR max number of clients/i, 'denied'],
];

/** What an error reply means. */
export function classifyReply(message: string): Failure {
  const row = replyKinds.find(([prefix]) => prefix.test(message));
  const kind = row?.[1] ?? 'reply';
  if (kind === 'auth' && /^NOAUTH\b/.test(message)) {
    return { kind, message: 'asks for a password and was given none' };
  }
  // Protected mode answers with a whole page; its first sentence says it.
  return { kind, message: message.split(/[\r\n]|(?<=\.) /)[0] };
}

/** System error codes of a connection → plain words. */
const socketErrors: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOENT: 'there is no such socket',
  EACCES: 'we may not use that socket',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name of the host could not be looked up',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the network',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
};

/** Codes of TLS → plain words. */
const tlsErrors: readonly (readonly [code: RegExp, words: string])[] = [
  [/ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH|EPROTO/, 'does not speak TLS'],
  [/CERT_HAS_EXPIRED/, 'its certificate has expired'],
  [/ALTNAME_INVALID/, 'its certificate is for another name'],
  [/SELF_SIGNED|UNABLE_TO|CERT_UNTRUSTED/, 'its certificate is signed by nobody we trust (ca)'],
  [/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE/, 'wants a certificate of us (cert and key)'],
  [/^ERR_SSL_|^ERR_TLS_|^ERR_OSSL_/, 'TLS failed'],
];

/** What a connection that failed or broke means. `error` is what the socket or the client threw. */
export function classifyConnectionError(error: unknown, address: Address): Failure {
  const { code, message } = describeError(error);
  if (code === 'ETIMEDOUT') return { kind: 'timeout', message: 'no answer in time' };
  if (/Unknown RESP type|protocol error/i.test(message)) {
    return { kind: 'protocol', message: `what listens on ${formatAddress(address)} is no Redis` };
  }
  const tls = tlsErrors.find(([pattern]) => pattern.test(code));
  if (tls !== undefined) return { kind: 'tls', message: `${tls[1]} (${code})` };
  if (/^[A-Z]+ /.test(message) && classifyReply(message).kind !== 'reply') {
    return classifyReply(message);
  }
  const words = socketErrors[code] ?? 'the connection was closed';
  return { kind: 'unreachable', message: code === '' ? words : `${words} (${code})` };
}

/** Code and message of an error; of several tried addresses (`localhost`), those of the first. */
function describeError(error: unknown): { code: string; message: string } {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return describeError(error.errors[0]);
  }
  if (!(error instanceof Error)) return { code: '', message: String(error) };
  const { code } = error as { code?: unknown };
  return { code: typeof code === 'string' ? code : '', message: error.message };
}
