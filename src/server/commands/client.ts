/**
 * CLIENT: who is connected, and what becomes of them. Its lines are `client-line.ts`, killing is
 * `client-kill.ts`, pausing `pause.ts`; what a connection asks for itself is `client-self.ts`.
 * Client-side caching (TRACKING) does not exist.
 */
import { errorReplies } from '../../protocol/error-replies.ts';
import { parseInt64 } from '../../util/int64.ts';
import type { Call } from '../call.ts';
import type { Client } from '../client.ts';
import type { CommandSpec, Handler } from '../command.ts';
import type { CommandFlag } from '../command-flags.ts';
import { clientKillCommand } from './client-kill.ts';
import { clientLine, parseClientType, typeOf } from './client-line.ts';
import {
  cachingCommand,
  getnameCommand,
  getredirCommand,
  idCommand,
  infoCommand,
  noEvictCommand,
  noTouchCommand,
  replyCommand,
  setinfoCommand,
  setnameCommand,
  trackinginfoCommand,
} from './client-self.ts';
import { type HelpRow, replyHelp } from './command-help.ts';

const everywhere: readonly CommandFlag[] = ['noscript', 'loading', 'stale'];
const byAdmin: readonly CommandFlag[] = ['admin', ...everywhere];

/** name, arity, flags, since, complexity, handler, summary */
type Row = readonly [string, number, readonly CommandFlag[], string, string, Handler, string];

const rows: readonly Row[] = [
  ['caching', 3, everywhere, '6.0.0', 'O(1)', cachingCommand, 'Needs TRACKING, which is off.'],
  ['getname', 2, everywhere, '2.6.9', 'O(1)', getnameCommand, "Tells this connection's name."],
  ['getredir', 2, everywhere, '6.0.0', 'O(1)', getredirCommand, 'Tells where invalidations go.'],
  ['help', 2, ['loading', 'stale'], '5.0.0', 'O(1)', helpCommand, 'Lists what CLIENT can do.'],
  ['id', 2, everywhere, '5.0.0', 'O(1)', idCommand, "Tells this connection's number."],
  ['info', 2, everywhere, '6.2.0', 'O(1)', infoCommand, "Shows this connection's state."],
  ['kill', -3, byAdmin, '2.4.0', 'O(N)', clientKillCommand, 'Closes connections.'],
  ['list', -2, byAdmin, '2.4.0', 'O(N)', listCommand, "Shows every connection's state."],
  ['no-evict', 3, byAdmin, '7.0.0', 'O(1)', noEvictCommand, 'Spares this connection eviction.'],
  // Newer than 7.0: every client library wants to send SETINFO, and NO-TOUCH is of use.
  ['no-touch', 3, everywhere, '7.2.0', 'O(1)', noTouchCommand, 'Leaves access times as they are.'],
  ['pause', -3, byAdmin, '2.9.50', 'O(1)', pauseCommand, 'Holds requests back for a while.'],
  ['reply', 3, everywhere, '3.2.0', 'O(1)', replyCommand, 'Turns the replies off and on.'],
  ['setinfo', 4, everywhere, '7.2.0', 'O(1)', setinfoCommand, 'Names the library that calls.'],
  ['setname', 3, everywhere, '2.6.9', 'O(1)', setnameCommand, 'Names this connection.'],
  ['trackinginfo', 2, everywhere, '6.2.0', 'O(1)', trackinginfoCommand, 'Shows key tracking: off.'],
  ['unblock', -3, byAdmin, '5.0.0', 'O(1)', unblockCommand, 'Wakes a connection that waits.'],
  ['unpause', 2, byAdmin, '6.2.0', 'O(N)', unpauseCommand, 'Ends CLIENT PAUSE.'],
];

export const clientCommands: readonly CommandSpec[] = [
  {
    name: 'client',
    arity: -2,
    flags: [],
    categories: ['slow'],
    group: 'connection',
    since: '2.4.0',
    summary: 'Looks at connections and manages them.',
    complexity: 'see the subcommands',
    subcommands: rows.map(([name, arity, flags, since, complexity, handler, summary]) => ({
      name,
      arity,
      flags,
      categories: ['connection'],
      group: 'connection',
      since,
      summary,
      complexity,
      handler,
    })),
  },
];

const help: readonly HelpRow[] = [
  ['CACHING YES|NO', 'Needs TRACKING, which this server has not got.'],
  ['GETNAME', "Tells this connection's name."],
  ['GETREDIR', 'Tells which client gets the invalidations of this one: none, -1.'],
  ['ID', "Tells this connection's number."],
  ['INFO', "Shows this connection's line of LIST."],
  ['KILL <ip:port>', 'Closes the connection from that address.'],
  [
    'KILL <filter> <value> [<filter> <value> ...]',
    'Closes the connections that fit all filters, and tells how many:',
    'ID <number>, TYPE NORMAL|MASTER|REPLICA|PUBSUB, USER <name>,',
    'ADDR <ip:port>, LADDR <ip:port>, SKIPME YES|NO (yes unless told).',
  ],
  ['LIST [TYPE <type> | ID <number> ...]', 'Shows connections, one a line.'],
  ['NO-EVICT ON|OFF', 'Keeps this connection when clients are evicted.'],
  ['NO-TOUCH ON|OFF', 'Lets what this connection reads look unused (TOUCH aside).'],
  ['PAUSE <milliseconds> [WRITE|ALL]', 'Holds back writes, or everything.'],
  ['REPLY ON|OFF|SKIP', 'Turns the replies on or off, or leaves the next one out.'],
  ['SETINFO LIB-NAME|LIB-VER <value>', 'Says which library speaks here; LIST shows it.'],
  ['SETNAME <name>', 'Names this connection.'],
  ['TRACKINGINFO', 'Shows key tracking, which is always off.'],
  ['UNBLOCK <number> [TIMEOUT|ERROR]', 'Wakes a connection that waits, as if its time were over.'],
  ['UNPAUSE', 'Ends PAUSE.'],
];

function helpCommand(call: Call): void {
  replyHelp(call, 'CLIENT', help);
}

function listCommand(call: Call): void {
  const clients = chosenClients(call);
  if (clients === null) return;
  call.reply.verbatim(clients.map((client) => `${clientLine(client, call)}\n`).join(''));
}

/** Null when an error has been replied. */
function chosenClients(call: Call): Client[] | null {
  const { clients } = call.server;
  if (call.argc === 2) return clients.all();
  if (call.is(2, 'type') && call.argc === 4) {
    const type = parseClientType(call.text(3));
    if (type !== null) return clients.all().filter((client) => typeOf(client) === type);
    call.error(`ERR Unknown client type '${call.text(3)}'`);
  } else if (call.is(2, 'id') && call.argc > 3) {
    return clientsById(call);
  } else {
    call.syntaxError();
  }
  return null;
}

function clientsById(call: Call): Client[] | null {
  const found: Client[] = [];
  for (let index = 3; index < call.argc; index++) {
    const id = integerAt(call, index);
    if (id === null) {
      call.error('ERR Invalid client ID');
      return null;
    }
    const client = call.server.clients.get(Number(id));
    if (client !== undefined) found.push(client);
  }
  return found;
}

function pauseCommand(call: Call): void {
  if (call.argc > 4) {
    call.error(
      `ERR unknown subcommand or wrong number of arguments for '${call.text(1)}'. Try CLIENT HELP.`,
    );
    return;
  }
  const all = call.argc === 3 || call.is(3, 'all');
  const timeoutMs = integerAt(call, 2);
  if (!all && !call.is(3, 'write')) {
    call.error('ERR CLIENT PAUSE mode must be WRITE or ALL');
  } else if (timeoutMs === null) {
    call.error('ERR timeout is not an integer or out of range');
  } else if (timeoutMs < 0n) {
    call.error('ERR timeout is negative');
  } else {
    // A time past the end of 64 bits wraps around, to one that is over. [Redis 7.0.15]
    const untilMs = BigInt.asIntN(64, BigInt(call.server.clock.now()) + timeoutMs);
    call.server.pause.pause('client-pause', all ? 'all' : 'write', Number(untilMs));
    call.reply.ok();
  }
}

function unpauseCommand(call: Call): void {
  call.server.pause.unpause('client-pause');
  call.reply.ok();
}

function unblockCommand(call: Call): void {
  if (call.argc > 4) {
    call.error(
      `ERR unknown subcommand or wrong number of arguments for '${call.text(1)}'. Try CLIENT HELP.`,
    );
    return;
  }
  const withError = call.argc === 4 && call.is(3, 'error');
  const id = integerAt(call, 2);
  if (call.argc === 4 && !withError && !call.is(3, 'timeout')) {
    call.error('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
  } else if (id === null) {
    call.error(errorReplies.notInteger);
  } else {
    const client = call.server.clients.get(Number(id));
    const how = withError ? 'error' : 'timeout';
    // CLIENT PAUSE cannot be ended like this: it is for all or none.
    const unblocked = client !== undefined && call.server.blocked.unblock(client, how);
    call.reply.integer(unblocked ? 1 : 0);
  }
}

function integerAt(call: Call, index: number): bigint | null {
  return parseInt64(call.buffer, call.argStart[index], call.argEnd[index]);
}
