/**
 * Who a connection is and which protocol it speaks: AUTH and HELLO. There is one user, `default`,
 * whose password is `requirepass`; without one, any password logs it in.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { errorReplies } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import { clientFlags } from '../client.ts';
import type { CommandSpec } from '../command.ts';
import { setClientName } from './client-name.ts';

const flags = ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'] as const;

export const authRows: readonly CommandSpec[] = [
  {
    name: 'auth',
    arity: -2,
    flags,
    categories: ['connection'],
    group: 'connection',
    since: '1.0.0',
    summary: 'Logs the connection in.',
    complexity: 'O(1)',
    handler: authCommand,
  },
  {
    name: 'hello',
    arity: -1,
    flags,
    categories: ['connection'],
    group: 'connection',
    since: '6.0.0',
    summary: 'Tells who the server is, and switches to RESP2 or RESP3.',
    complexity: 'O(1)',
    handler: helloCommand,
  },
];

const noPasswordSet =
  'ERR AUTH <password> called without any password configured for the default user. ' +
  'Are you sure your configuration is correct?';
const helloNeedsAuth =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH ' +
  '<user> <pass> option can be used to authenticate the client and select the RESP protocol ' +
  'version at the same time';

function authCommand(call: Call): void {
  if (call.argc > 3) {
    call.syntaxError();
    return;
  }
  for (let index = 1; index < call.argc; index++) call.redact(index);
  if (call.argc === 2 && call.server.config.values.requirepass === '') {
    call.error(noPasswordSet);
  } else if (logIn(call, call.argc === 2 ? 'default' : call.text(1), call.text(call.argc - 1))) {
    call.reply.ok();
  }
}

/** True when the client is logged in now; else the error has been replied. */
function logIn(call: Call, user: string, password: string): boolean {
  const { requirepass } = call.server.config.values;
  if (user !== 'default' || (requirepass !== '' && !isSamePassword(password, requirepass))) {
    call.error(errorReplies.wrongPass);
    return false;
  }
  call.client.user = 'default';
  call.client.set(clientFlags.needsAuth, false);
  return true;
}

/** RESET: the connection has to log in again, where that is needed at all. */
export function forgetLogin({ client, server }: Call): void {
  client.user = 'default';
  client.set(clientFlags.needsAuth, server.config.values.requirepass !== '');
}

/** Takes the same time wherever, and whether, the two differ. */
function isSamePassword(given: string, wanted: string): boolean {
  return timingSafeEqual(sha256(given), sha256(wanted));
}

function sha256(latin1: string): Buffer {
  return createHash('sha256').update(latin1, 'latin1').digest();
}

function helloCommand(call: Call): void {
  const { client } = call;
  const version = call.argc > 1 ? call.integer(1) : null;
  if (Number.isNaN(version)) {
    call.error('ERR Protocol version is not an integer or out of range');
    return;
  }
  if (version !== null && version !== 2 && version !== 3) {
    call.error(errorReplies.noProto);
    return;
  }
  if (!applyHelloOptions(call)) return;
  if (client.has(clientFlags.needsAuth)) {
    call.error(helloNeedsAuth);
    return;
  }
  if (version !== null) client.resp3 = version === 3;
  call.reply.resp3 = client.resp3;
  replyHello(call);
}

/** The options take effect one by one: what came before a wrong one stays. */
function applyHelloOptions(call: Call): boolean {
  for (let index = 2; index < call.argc; index++) {
    const more = call.argc - 1 - index;
    if (call.is(index, 'auth') && more >= 2) {
      call.redact(index + 1);
      call.redact(index + 2);
      if (!logIn(call, call.text(index + 1), call.text(index + 2))) return false;
      index += 2;
    } else if (call.is(index, 'setname') && more >= 1) {
      if (!setClientName(call, index + 1)) return false;
      index++;
    } else {
      call.error(`ERR Syntax error in HELLO option '${call.text(index)}'`);
      return false;
    }
  }
  return true;
}

function replyHello({ reply, client, server }: Call): void {
  reply.map(7);
  reply.bulkText('server');
  reply.bulkText('redis');
  reply.bulkText('version');
  reply.bulkText(server.version);
  reply.bulkText('proto');
  reply.integer(client.resp3 ? 3 : 2);
  reply.bulkText('id');
  reply.integer(client.id);
  reply.bulkText('mode');
  reply.bulkText('standalone');
  reply.bulkText('role');
  reply.bulkText(server.replication.role);
  reply.bulkText('modules');
  reply.array(0);
}
