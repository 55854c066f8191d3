/**
 * The smallest possible talk with a server: log in, ask who it is, hang up. For readiness and for
 * knowing which process sits on a port, without the weight of a client library. Everything else
 * that is asked of servers goes through instance/.
 */
import { connect } from 'node:net';
import type { Address } from '../instance/address.ts';
import type { Secret } from '../instance/secret.ts';

/** Enough for INFO server; who sends more is no Redis. */
const answerLimitBytes = 64 * 1024;

export type PingOutcome =
  /** Answers; `loading` until its data is read. INFO fields are undefined where it kept them. */
  | {
      readonly kind: 'up';
      readonly loading: boolean;
      readonly pid: number | undefined;
      readonly configFile: string | undefined;
    }
  /** A Redis that does not let us in. */
  | { readonly kind: 'locked' }
  /** Somebody listens and does not answer as Redis does, or not in time. */
  | { readonly kind: 'silent' }
  /** Nobody listens. */
  | { readonly kind: 'closed' };

/** One try, within `timeoutMs`. Never throws. */
export async function pingServer(
  target: Address & { readonly password: Secret | undefined; readonly timeoutMs: number },
): Promise<PingOutcome> {
  const { password } = target;
  const login = password === undefined ? [] : [['AUTH', password.reveal()]];
  const requests = [...login, ['PING'], ['INFO', 'server'], ['QUIT']];
  const answer = await exchange(target, requests.map(encodeRequest).join(''));
  return answer.connected ? judge(answer.text) : { kind: 'closed' };
}

/** What the replies mean. They are short and of few kinds: looking for their lines is enough. */
function judge(text: string): PingOutcome {
  if (/^-(?:NOAUTH|WRONGPASS|NOPERM|DENIED)\b/m.test(text)) return { kind: 'locked' };
  const loading = /^-LOADING\b/m.test(text);
  if (!loading && !/^\+PONG\r$/m.test(text) && !/^-MASTERDOWN\b/m.test(text)) {
    return { kind: 'silent' };
  }
  const pid = /^process_id:(\d+)\r$/m.exec(text)?.[1];
  const configFile = /^config_file:(.+)\r$/m.exec(text)?.[1];
  return { kind: 'up', loading, pid: pid === undefined ? undefined : Number(pid), configFile };
}

function encodeRequest(words: readonly string[]): string {
  const bulks = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${bulks.join('')}`;
}

/** Sends all at once and reads until the other side hangs up, which QUIT asks for. */
function exchange(
  { host, port, timeoutMs }: Address & { readonly timeoutMs: number },
  requests: string,
): Promise<{ connected: boolean; text: string }> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let connected = false;
    let text = '';
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ connected, text });
    };
    const timer = setTimeout(end, timeoutMs);
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      connected = true;
      socket.write(requests);
    });
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > answerLimitBytes) end();
    });
    socket.on('error', end);
    socket.on('close', end);
  });
}
