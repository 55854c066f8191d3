/** CLIENT, as far as a connection asks or says something about itself. */
import type { Call } from '../call.ts';
import { clientFlags } from '../client.ts';
import { clientLine } from './client-line.ts';
import { isPlainWord, setClientName } from './client-name.ts';

export function idCommand(call: Call): void {
  call.reply.integer(call.client.id);
}

export function infoCommand(call: Call): void {
  call.reply.verbatim(`${clientLine(call.client, call)}\n`);
}

export function getnameCommand(call: Call): void {
  const { name } = call.client;
  if (name === '') call.reply.nil();
  else call.reply.bulkText(name);
}

export function setnameCommand(call: Call): void {
  if (setClientName(call, 2)) call.reply.ok();
}

export function noEvictCommand(call: Call): void {
  const on = call.is(2, 'on');
  if (!on && !call.is(2, 'off')) {
    call.syntaxError();
    return;
  }
  call.client.set(clientFlags.noEvict, on);
  call.reply.ok();
}

/** What it looks up is not marked as used, except by TOUCH. [7.2] */
export function noTouchCommand(call: Call): void {
  const on = call.is(2, 'on');
  if (!on && !call.is(2, 'off')) {
    call.syntaxError();
    return;
  }
  call.client.set(clientFlags.noTouch, on);
  call.reply.ok();
}

/** Libraries send it as they connect. [7.2] */
export function setinfoCommand(call: Call): void {
  const value = call.text(3);
  const option = call.is(2, 'lib-name') ? 'lib-name' : call.is(2, 'lib-ver') ? 'lib-ver' : null;
  if (option === null) {
    call.error(`ERR Unrecognized option '${call.text(2)}'`);
  } else if (!isPlainWord(value)) {
    call.error(`ERR ${option} cannot contain spaces, newlines or special characters.`);
  } else {
    if (option === 'lib-name') call.client.libName = value;
    else call.client.libVer = value;
    call.reply.ok();
  }
}

/** Only ON is answered; dispatch drops the replies while the flags stand. */
export function replyCommand(call: Call): void {
  const { client } = call;
  if (call.is(2, 'on')) {
    client.set(clientFlags.replyOff | clientFlags.replySkip | clientFlags.replySkipNext, false);
    call.reply.ok();
  } else if (call.is(2, 'off')) {
    client.set(clientFlags.replyOff, true);
  } else if (call.is(2, 'skip')) {
    if (!client.has(clientFlags.replyOff)) client.set(clientFlags.replySkipNext, true);
  } else {
    call.syntaxError();
  }
}

/** The mode that it asks for does not exist here: the answer is that of a client without it. */
export function cachingCommand(call: Call): void {
  call.error(
    'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT ' +
      'mode enabled',
  );
}

export function getredirCommand(call: Call): void {
  call.reply.integer(-1);
}

export function trackinginfoCommand({ reply }: Call): void {
  reply.map(3);
  reply.bulkText('flags');
  reply.set(1);
  reply.bulkText('off');
  reply.bulkText('redirect');
  reply.integer(-1);
  reply.bulkText('prefixes');
  reply.array(0);
}
