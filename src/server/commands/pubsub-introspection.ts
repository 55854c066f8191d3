/** PUBSUB: what is being listened to, by how many. */
import { globMatch } from '../../util/glob.ts';
import type { Call } from '../call.ts';
import type { CommandSpec, Handler } from '../command.ts';
import type { CommandFlag } from '../command-flags.ts';
import { type HelpRow, replyHelp } from './command-help.ts';
import { argumentView } from './generic-arguments.ts';

const asking: readonly CommandFlag[] = ['pubsub', 'loading', 'stale'];

/** name, arity, flags, since, complexity, handler, summary */
type Row = readonly [string, number, readonly CommandFlag[], string, string, Handler, string];

const rows: readonly Row[] = [
  [
    'channels',
    -2,
    asking,
    '2.8.0',
    'O(n) for n channels',
    (call) => channels(call, 'channel'),
    'Names the channels that somebody listens to.',
  ],
  ['help', 2, ['loading', 'stale'], '6.2.0', 'O(1)', helpCommand, 'Lists what PUBSUB can do.'],
  ['numpat', 2, asking, '2.8.0', 'O(1)', numpatCommand, 'Counts the patterns subscribed to.'],
  [
    'numsub',
    -2,
    asking,
    '2.8.0',
    'O(n) for n channels',
    (call) => subscriberCounts(call, 'channel'),
    'Counts the listeners of channels.',
  ],
  [
    'shardchannels',
    -2,
    asking,
    '7.0.0',
    'O(n) for n channels',
    (call) => channels(call, 'shard'),
    'Names the shard channels that somebody listens to.',
  ],
  [
    'shardnumsub',
    -2,
    asking,
    '7.0.0',
    'O(n) for n channels',
    (call) => subscriberCounts(call, 'shard'),
    'Counts the listeners of shard channels.',
  ],
];

export const pubsubRow: CommandSpec = {
  name: 'pubsub',
  arity: -2,
  flags: [],
  categories: ['slow'],
  group: 'pubsub',
  since: '2.8.0',
  summary: 'Tells what is being listened to.',
  complexity: 'see the subcommands',
  subcommands: rows.map(([name, arity, flags, since, complexity, handler, summary]) => ({
    name,
    arity,
    flags,
    categories: [],
    group: 'pubsub',
    since,
    summary,
    complexity,
    handler,
  })),
};

const help: readonly HelpRow[] = [
  ['CHANNELS [<pattern>]', 'Names the channels with listeners: all, or those that fit.'],
  ['NUMPAT', 'Counts the patterns that somebody listens with.'],
  ['NUMSUB [<channel> ...]', 'Counts the listeners of each channel; patterns are not counted.'],
  ['SHARDCHANNELS [<pattern>]', 'Names the shard channels with listeners.'],
  ['SHARDNUMSUB [<channel> ...]', 'Counts the listeners of each shard channel.'],
];

function helpCommand(call: Call): void {
  replyHelp(call, 'PUBSUB', help);
}

function channels(call: Call, kind: 'channel' | 'shard'): void {
  if (call.argc > 3) {
    call.error(
      `ERR unknown subcommand or wrong number of arguments for '${call.text(1)}'. Try PUBSUB HELP.`,
    );
    return;
  }
  const pattern = call.argc === 3 ? call.text(2) : '*';
  const found = [...call.server.pubsub.channels(kind)].filter((name) => globMatch(pattern, name));
  call.reply.array(found.length);
  for (const name of found) call.reply.bulk(Buffer.from(name, 'latin1'));
}

function numpatCommand(call: Call): void {
  call.reply.integer(call.server.pubsub.count('pattern'));
}

function subscriberCounts(call: Call, kind: 'channel' | 'shard'): void {
  call.reply.array((call.argc - 2) * 2);
  for (let index = 2; index < call.argc; index++) {
    call.reply.bulk(argumentView(call, index));
    call.reply.integer(call.server.pubsub.subscriberCount(kind, call.text(index)));
  }
}
