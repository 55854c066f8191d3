/** CONFIG: reads and changes the configuration. What a directive is, `redis-conf/` knows. */
import { errorReplies } from '../../protocol/error-replies.ts';
import { findDirective } from '../../redis-conf/directives.ts';
import type { Call } from '../call.ts';
import { clientFlags } from '../client.ts';
import type { CommandSpec, Handler } from '../command.ts';
import type { CommandFlag } from '../command-flags.ts';
import type { ConfigResult } from '../config.ts';
import { type HelpRow, replyHelp } from './command-help.ts';

const byAdmin: readonly CommandFlag[] = ['admin', 'noscript', 'loading', 'stale'];

/** name, arity, flags, since, complexity, handler, summary */
type Row = readonly [string, number, readonly CommandFlag[], string, string, Handler, string];

const rows: readonly Row[] = [
  ['get', -3, byAdmin, '2.0.0', 'O(N) for N directives', getCommand, 'Shows values.'],
  ['help', 2, ['loading', 'stale'], '5.0.0', 'O(1)', helpCommand, 'Lists what CONFIG can do.'],
  ['resetstat', 2, byAdmin, '2.0.0', 'O(1)', resetstatCommand, "Starts INFO's counters over."],
  ['rewrite', 2, byAdmin, '2.8.0', 'O(1)', rewriteCommand, 'Writes the values into the file.'],
  ['set', -4, byAdmin, '2.0.0', 'O(N) for N directives', setCommand, 'Changes values at run time.'],
];

export const configCommands: readonly CommandSpec[] = [
  {
    name: 'config',
    arity: -2,
    flags: [],
    categories: ['slow'],
    group: 'server',
    since: '2.0.0',
    summary: "Looks at the server's configuration and changes it.",
    complexity: 'see the subcommands',
    subcommands: rows.map(([name, arity, flags, since, complexity, handler, summary]) => ({
      name,
      arity,
      flags,
      categories: [],
      group: 'server',
      since,
      summary,
      complexity,
      handler,
    })),
  },
];

const help: readonly HelpRow[] = [
  ['GET <pattern> [<pattern> ...]', 'Shows the directives that fit a pattern.'],
  ['RESETSTAT', "Starts INFO's counters over."],
  ['REWRITE', 'Writes the present values into the configuration file.'],
  ['SET <directive> <value> [<directive> <value> ...]', 'Changes all of them, or none.'],
];

function helpCommand(call: Call): void {
  replyHelp(call, 'CONFIG', help);
}

function getCommand(call: Call): void {
  const patterns: string[] = [];
  for (let index = 2; index < call.argc; index++) patterns.push(call.text(index));
  const found = call.server.config.get(patterns);
  call.reply.map(found.length);
  for (const [name, value] of found) {
    call.reply.bulk(Buffer.from(name, 'latin1'));
    call.reply.bulk(Buffer.from(value, 'latin1'));
  }
}

function setCommand(call: Call): void {
  if (call.argc % 2 !== 0) {
    call.syntaxError();
    return;
  }
  const pairs: [string, string][] = [];
  for (let index = 2; index < call.argc; index += 2) {
    if (findDirective(call.text(index))?.row.sensitive === true) call.redact(index + 1);
    pairs.push([call.text(index), call.text(index + 1)]);
  }
  if (
    call.server.gates.loading !== 'none' &&
    pairs.some(([name]) => mustNotChangeWhileLoading(name))
  ) {
    call.error(errorReplies.loading);
    return;
  }
  const socketsBefore = socketSettings(call);
  const before = call.server.config.get(pairs.map(([name]) => name));
  const result = call.server.config.set(pairs, { local: isLocal(call) });
  const moved = result.kind === 'ok' ? whatMoved(socketsBefore, socketSettings(call)) : null;
  if (moved === null) replyResult(call, result);
  else listenAnew(call, moved, before);
}

/** Where the data come from stays until they are here. [Redis 7.0.15] */
function mustNotChangeWhileLoading(asked: string): boolean {
  const name = findDirective(asked)?.name;
  return name === 'dir' || name === 'appendonly' || name === 'repl-diskless-load';
}

type SocketSettings = readonly [port: number, bind: string];

function socketSettings({ server }: Call): SocketSettings {
  const { bind, port } = server.config.values;
  return [port, bind.join(' ')];
}

function whatMoved(before: SocketSettings, after: SocketSettings): 'port' | 'bind' | null {
  if (after[0] !== before[0]) return 'port';
  return after[1] === before[1] ? null : 'bind';
}

/** Sockets are opened asynchronously: the client waits, and all is put back if it fails. */
function listenAnew(
  call: Call,
  moved: 'port' | 'bind',
  before: readonly (readonly [string, string])[],
): void {
  const { client, server } = call;
  const refused = (reason: string): string => {
    server.config.set(before);
    return `ERR CONFIG SET failed (possibly related to argument '${moved}') - ${reason}`;
  };
  if (server.listenAnew === undefined || client.has(clientFlags.multi)) {
    call.error(refused('this cannot be done here'));
    return;
  }
  client.set(clientFlags.blocked, true);
  client.blocked = { kind: 'config', cancel: () => undefined };
  void answerWhenListening(call, server.listenAnew, refused);
}

async function answerWhenListening(
  { client, server }: Call,
  listenAnew: () => Promise<string | null>,
  refused: (reason: string) => string,
): Promise<void> {
  const reason = await listenAnew();
  const error = reason === null ? null : refused(reason);
  if (client.has(clientFlags.closed)) return;
  client.blocked = null;
  client.set(clientFlags.blocked, false);
  if (error !== null) server.stats.countError(error);
  server.executor.push(client, Buffer.from(error === null ? '+OK\r\n' : `-${error}\r\n`));
  server.executor.resumeInput(client);
}

function rewriteCommand(call: Call): void {
  const result = call.server.config.rewrite();
  if (result.kind === 'ok') call.server.log.warning('CONFIG REWRITE executed with success.');
  else call.server.log.warning(`CONFIG REWRITE failed: ${result.reply}`);
  replyResult(call, result);
}

function replyResult(call: Call, result: ConfigResult): void {
  if (result.kind === 'ok') call.reply.ok();
  else call.error(result.reply);
}

/** From this machine: what may be changed only from there goes by it. */
export function isLocal({ client }: Call): boolean {
  const { address } = client.transport;
  return /^127\.|^\[::1\]:|^\//.test(address);
}

function resetstatCommand({ server, keyspace, reply }: Call): void {
  server.stats.reset();
  server.replication.resetCounters();
  for (const command of server.commands.all.values()) command.resetStats();
  keyspace.stats.keyspaceHits = 0;
  keyspace.stats.keyspaceMisses = 0;
  keyspace.stats.expiredKeys = 0;
  keyspace.stats.expiredSubkeys = 0;
  keyspace.stats.expiredTimeCapReachedCount = 0;
  keyspace.stats.lazyfreedObjects = 0;
  server.persistence.snapshots.begun = 0;
  server.infoSampler.reset();
  server.memoryLimit.resetStats();
  reply.ok();
}
