/**
 * What `repl verify --json` prints, and its schema. Fields may be added within a version, never
 * changed or removed. What is unknown is null, never absent. No value of a key is in it. Pure.
 */
import type { Difference, KeyName } from '../../topology/verify/suspects.ts';
import type { PairResult } from '../../topology/verify/verify-pair.ts';
import type { VerifyOutcome, VerifyVerdict } from '../run-verify.ts';
import { keyText } from './key-text.ts';
import {
  documentSchema,
  count,
  listOf,
  numberOrNull,
  record,
  text,
  textOrNull,
  truth,
} from './schema-parts.ts';

const schemaName = 'redis-repl/verify';
const schemaVersion = 1;

export interface VerifyDocument {
  readonly schema: typeof schemaName;
  readonly version: typeof schemaVersion;
  readonly verdict: VerifyVerdict;
  readonly isStopped: boolean;
  readonly pairs: readonly PairDocument[];
  readonly refused: readonly { master: string; replica: string; because: string }[];
}

interface PairDocument {
  readonly master: string;
  readonly replica: string;
  readonly hasFence: boolean;
  readonly comparedBy: string | null;
  readonly masterKeys: number;
  readonly replicaKeys: number;
  readonly elapsedMs: number;
  readonly end: string;
  readonly failedNode: string | null;
  readonly failure: string | null;
  readonly differences: readonly Difference[];
  readonly unsettled: readonly KeyName[];
  readonly uncomparedTypes: readonly string[];
}

export function verifyDocument(outcome: VerifyOutcome): VerifyDocument {
  const { verdict, isStopped, results, refused } = outcome;
  return {
    schema: schemaName,
    version: schemaVersion,
    verdict,
    isStopped,
    pairs: results.map(pairDocument),
    refused: refused.map(({ master, replica, because }) => ({
      master: master.name,
      replica: replica.name,
      because,
    })),
  };
}

function pairDocument(result: PairResult): PairDocument {
  const { pair, end } = result;
  const isFailed = end.kind === 'failed';
  return {
    master: pair.master.name,
    replica: pair.replica.name,
    hasFence: pair.hasFence,
    comparedBy: result.comparedBy ?? null,
    masterKeys: result.masterKeys,
    replicaKeys: result.replicaKeys,
    elapsedMs: Math.round(result.elapsedMs),
    end: end.kind,
    failedNode: isFailed ? end.node.name : null,
    failure: isFailed ? end.failure.message : null,
    differences: result.differences.map((each) => ({ ...each, key: keyText(each.key) })),
    unsettled: result.unsettled.map((each) => ({ ...each, key: keyText(each.key) })),
    uncomparedTypes: result.uncomparedTypes,
  };
}

const keyName = {
  db: count('the database'),
  key: text('the name; escaped as redis-cli reads it in double quotes when it is no plain text'),
};

const pair = record({
  master: text('name of the node that is held to be right'),
  replica: text('name of the node that was compared with it'),
  hasFence: truth('they share a history: no difference is one of time'),
  comparedBy: {
    enum: ['digest', 'elements', null],
    description: 'DEBUG DIGEST-VALUE, or every element read; null when nothing was read',
  },
  masterKeys: count('keys of the master that were looked at'),
  replicaKeys: count('keys of the replica that were looked at'),
  elapsedMs: count('how long it took'),
  end: {
    enum: ['complete', 'too-many', 'stopped', 'failed'],
    description: 'everything was compared, or why not',
  },
  failedNode: textOrNull('which node failed'),
  failure: textOrNull('why, in plain words'),
  differences: listOf(
    record({
      ...keyName,
      difference: {
        enum: ['missing', 'extra', 'type', 'value', 'ttl'],
        description: 'what is different on the replica',
      },
      masterType: text('as TYPE says it; none where there is no such key'),
      replicaType: text('the same on the replica'),
      masterExpireAtMs: numberOrNull('Unix milliseconds; null for a key that stays'),
      replicaExpireAtMs: numberOrNull('the same on the replica'),
    }),
    'every key that is different',
  ),
  unsettled: listOf(
    record(keyName),
    'keys that changed whenever they were looked at, or that cannot be compared',
  ),
  uncomparedTypes: listOf({ type: 'string' }, 'types whose values could not be compared'),
});

/** As `repl verify --schema` prints it. */
export const verifySchema = documentSchema(
  { name: schemaName, version: schemaVersion },
  {
    verdict: { enum: ['equal', 'different', 'unknown'], description: 'exit code 0, 6, 1' },
    isStopped: truth('stopped by the user before the end; exit code 130'),
    pairs: listOf(pair, 'what was compared'),
    refused: listOf(
      record({
        master: text('name of the node that is held to be right'),
        replica: text('name of the other'),
        because: text('why they were not compared'),
      }),
      'what could not be compared',
    ),
  },
);
