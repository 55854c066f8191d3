/**
 * The JSON schema of `repl status --json`, as `repl status --schema` prints it. The test checks
 * every document against it. Only literals here.
 */
import { problemSchema } from './problem-schema.ts';
import {
  documentSchema,
  listOf,
  numberOrNull,
  record,
  text,
  textOrNull,
  truth,
} from './schema-parts.ts';
import { statusSchemaName, statusSchemaVersion } from './status-json.ts';

const failure = {
  ...record({
    kind: text('unreachable, timeout, auth, loading, denied, tls, sentinel or protocol'),
    message: text('why, in plain words'),
  }),
  type: ['object', 'null'],
};

const node = record({
  name: text('the name in the inventory, or host:port'),
  address: text('where repl dials the node'),
  state: { enum: ['up', 'down'], description: 'did the node answer' },
  failure,
  role: { enum: ['master', 'replica', null], description: 'what the node says that it is' },
  upstream: textOrNull('name of the node that it follows'),
  expectedUpstream: textOrNull('whom it follows by the inventory'),
  drifted: truth('upstream and inventory disagree'),
  linkState: {
    enum: ['up', 'connecting', 'syncing', 'down', 'unknown', null],
    description: 'the link to the upstream; null where there is none',
  },
  linkDownSinceSeconds: numberOrNull('how long the link is down'),
  lastIoSecondsAgo: numberOrNull('when the upstream was last heard'),
  lagBytes: numberOrNull('bytes that the upstream has and this node has not'),
  lagFromTopBytes: numberOrNull('the same against the top of the chain'),
  sampleAgeMs: numberOrNull('age of these numbers when they were printed'),
  masterReplid: textOrNull('the history that the node has'),
  masterReplid2: textOrNull('the history before that'),
  masterReplOffset: numberOrNull('how far the node is in its history, in bytes'),
  secondReplOffset: numberOrNull('where the history before ended'),
  replBacklogSize: numberOrNull('bytes that the backlog can hold'),
  replBacklogFirstByteOffset: numberOrNull('offset of the oldest byte in it'),
  replBacklogHistlen: numberOrNull('bytes in it'),
  readOnly: { type: ['boolean', 'null'], description: 'a replica that refuses writes' },
  keyCount: numberOrNull('keys in all databases'),
  syncFull: numberOrNull('full copies given since the node started'),
  syncPartialOk: numberOrNull('partial resyncs granted since the node started'),
  product: textOrNull('redis or valkey'),
  productVersion: textOrNull('its version'),
});

const sentinel = record({
  address: text('where repl dials the Sentinel'),
  state: { enum: ['up', 'down'], description: 'did it answer' },
  failure,
  watches: listOf(
    record({
      masterName: text('its name for the master'),
      master: text('where it takes the master to be'),
      flags: listOf({ type: 'string' }, 'master, s_down, o_down …'),
      quorum: { type: 'integer', description: 'Sentinels that must agree on a failure' },
      replicas: listOf({ type: 'string' }, 'addresses of the replicas that it knows'),
      sentinels: listOf({ type: 'string' }, 'addresses of the other Sentinels'),
    }),
    'what it believes of this topology',
  ),
});

export const statusSchema = documentSchema(
  { name: statusSchemaName, version: statusSchemaVersion },
  {
    verdict: { enum: ['healthy', 'degraded', 'unknown'], description: 'exit code 0, 3, 1' },
    replid: textOrNull('the history of the (first) master'),
    depth: { type: 'integer', description: 'links between the top and the deepest replica' },
    writesTo: listOf({ type: 'string' }, 'addresses that take writes'),
    readsFrom: listOf({ type: 'string' }, 'addresses of replicas that get what is written'),
    staleReadsFrom: listOf(
      { type: 'string' },
      'addresses of replicas that are cut off from a master',
    ),
    nodes: listOf(node, 'every node, dead ones too'),
    sentinels: listOf(sentinel, 'those that were named, or known to one that was'),
    problems: listOf(problemSchema, 'the worst first'),
  },
);
