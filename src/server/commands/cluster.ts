/**
 * CLUSTER and the commands around it, as a Redis that is no cluster has them: they are there, and
 * say that there is none. Clients ask, to find out whom they talk to.
 */
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import type { CommandFlag } from '../command-flags.ts';

const asking: readonly CommandFlag[] = ['stale'];
const looking: readonly CommandFlag[] = ['admin', 'stale'];
const changing: readonly CommandFlag[] = ['admin', 'stale', 'no_async_loading'];
const fast: readonly CommandFlag[] = ['loading', 'stale', 'fast'];

/** name, arity, flags, since, summary */
type Row = readonly [string, number, readonly CommandFlag[], string, string];

const rows: readonly Row[] = [
  ['addslots', -3, changing, '3.0.0', 'Takes slots for this node.'],
  ['addslotsrange', -4, changing, '7.0.0', 'Takes ranges of slots for this node.'],
  ['bumpepoch', 2, changing, '3.0.0', "Raises this node's epoch."],
  ['count-failure-reports', 3, looking, '3.0.0', 'Counts who says that a node fails.'],
  ['countkeysinslot', 3, asking, '3.0.0', 'Counts the keys of a slot.'],
  ['delslots', -3, changing, '3.0.0', 'Gives slots of this node up.'],
  ['delslotsrange', -4, changing, '7.0.0', 'Gives ranges of slots up.'],
  ['failover', -2, changing, '3.0.0', "Lets this replica take its master's place."],
  ['flushslots', 2, changing, '3.0.0', 'Gives all slots up.'],
  ['forget', 3, changing, '3.0.0', 'Forgets a node.'],
  ['getkeysinslot', 4, asking, '3.0.0', 'Names keys of a slot.'],
  ['help', 2, ['loading', 'stale'], '5.0.0', 'Lists what CLUSTER can do.'],
  ['info', 2, asking, '3.0.0', 'Shows the state of the cluster.'],
  ['keyslot', 3, asking, '3.0.0', 'Tells the slot of a key.'],
  ['links', 2, asking, '7.0.0', 'Shows the links between nodes.'],
  ['meet', -4, changing, '3.0.0', 'Joins another node.'],
  ['myid', 2, asking, '3.0.0', "Tells this node's id."],
  ['nodes', 2, asking, '3.0.0', 'Lists the nodes.'],
  ['replicas', 3, looking, '5.0.0', 'Lists the replicas of a node.'],
  ['replicate', 3, changing, '3.0.0', 'Makes this node a replica of another.'],
  ['reset', -2, ['admin', 'noscript', 'stale'], '3.0.0', 'Makes this node a new one.'],
  ['saveconfig', 2, changing, '3.0.0', "Writes the node's file."],
  ['set-config-epoch', 3, changing, '3.0.0', "Sets a new node's epoch."],
  ['setslot', -4, changing, '3.0.0', 'Moves a slot.'],
  ['shards', 2, asking, '7.0.0', 'Lists slots and nodes by shard.'],
  ['slaves', 3, looking, '3.0.0', 'Lists the replicas of a node.'],
  ['slots', 2, asking, '3.0.0', 'Lists slots and their nodes.'],
];

export const clusterCommands: readonly CommandSpec[] = [
  {
    name: 'cluster',
    arity: -2,
    flags: [],
    categories: ['slow'],
    group: 'cluster',
    since: '3.0.0',
    summary: 'Manages a cluster, which this server is not part of.',
    complexity: 'O(1)',
    subcommands: rows.map(([name, arity, flags, since, summary]) =>
      row(name, arity, flags, since, summary),
    ),
  },
  connectionRow('asking', ['fast'], 'Lets the next request see a slot that is being moved.'),
  connectionRow('readonly', fast, 'Lets a replica in a cluster answer this connection.'),
  connectionRow('readwrite', fast, 'Ends READONLY.'),
];

function connectionRow(name: string, flags: readonly CommandFlag[], summary: string): CommandSpec {
  return { ...row(name, 1, flags, '3.0.0', summary), categories: ['connection'] };
}

function row(...[name, arity, flags, since, summary]: Row): CommandSpec {
  const complexity = 'O(1)';
  const handler = refuse;
  return {
    name,
    arity,
    flags,
    categories: [],
    group: 'cluster',
    since,
    summary,
    complexity,
    handler,
  };
}

function refuse(call: Call): void {
  call.error('ERR This instance has cluster support disabled');
}
