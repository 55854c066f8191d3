/**
 * What a plan was made from, in a form that can be saved and compared: a plan is good as long as
 * this has not changed. Offsets move all the time and do not count; who is there, who follows whom,
 * in which history and with which settings does. Pure.
 */
import { createHash } from 'node:crypto';
import type { Address } from '../../instance/address.ts';
import {
  factsOf,
  linkOf,
  nodeOf,
  type NodeId,
  type Topology,
  type TopologyNode,
} from '../model.ts';

/** One node as it was. Texts stand as they are so that a difference can be told in words. */
export interface NodeFingerprint {
  /** The run id: another one means that the server was restarted, or is another server. */
  readonly id: NodeId;
  readonly name: string;
  readonly address: Address;
  readonly version: string;
  readonly role: string;
  readonly replid: string;
  /** The name of the upstream; null for a master. */
  readonly upstream: string | null;
  /** `up`, `down` …; null for a master. */
  readonly link: string | null;
  /** Of the settings that count in replication, and of which passwords are alike: no secret is in it. */
  readonly configHash: string;
  /** Where its configuration file is; null where it has none. */
  readonly configFile: string | null;
}

export type Fingerprint = readonly (NodeFingerprint | DeadNode)[];

export interface DeadNode {
  readonly id: NodeId;
  readonly name: string;
  readonly address: Address;
  readonly down: true;
}

export function fingerprintOf(topology: Topology): Fingerprint {
  const marks = topology.nodes.map((node) => fingerprintNode(topology, node));
  return marks.sort((a, b) => compareText(a.name, b.name));
}

export type FingerprintField = keyof NodeFingerprint;

/**
 * What is no longer so, a sentence each; empty when the plan still stands. `moving` names what
 * changes by itself at present and so does not count.
 */
export function driftBetween(
  then: Fingerprint,
  now: Fingerprint,
  moving: readonly FingerprintField[] = [],
): string[] {
  const gone = then.filter(({ name }) => now.every((mark) => mark.name !== name));
  const fresh = now.filter(({ name }) => then.every((mark) => mark.name !== name));
  const both = then.flatMap((before) => {
    const after = now.find(({ name }) => name === before.name);
    return after === undefined ? [] : driftOfNode(before, after, moving);
  });
  return [
    ...gone.map(({ name }) => `${name} is no longer there.`),
    ...fresh.map(({ name }) => `${name} was not there.`),
    ...both,
  ];
}

/** Field → what its change means. In the order in which they are told. */
const fieldWords: readonly (readonly [
  FingerprintField,
  (name: string, was: string, is: string) => string,
])[] = [
  ['id', (name) => `${name} was restarted, or is another server.`],
  ['version', (name, was, is) => `${name} ran version ${was} and runs ${is}.`],
  ['role', (name, was, is) => `${name} was a ${was} and is a ${is}.`],
  ['upstream', (name, was, is) => `${name} followed ${was} and follows ${is}.`],
  [
    'replid',
    (name, was, is) => `${name} was in history ${was.slice(0, 8)} and is in ${is.slice(0, 8)}.`,
  ],
  ['link', (name, was, is) => `The link of ${name} was ${was} and is ${is}.`],
  ['configFile', (name, was, is) => `${name} had the configuration file ${was} and has ${is}.`],
  ['configHash', (name) => `The settings of ${name} were changed.`],
];

function driftOfNode(
  before: Fingerprint[number],
  after: Fingerprint[number],
  moving: readonly FingerprintField[],
): string[] {
  if ('down' in before) {
    return 'down' in after ? [] : [`${before.name} did not answer and does now.`];
  }
  if ('down' in after) return [`${before.name} answered and does not now.`];
  return fieldWords.flatMap(([field, say]) => {
    const [was, is] = [shown(before[field]), shown(after[field])];
    // A master has no link: that it became one is told already.
    const isTold = field === 'link' && (before.link === null || after.link === null);
    return was === is || isTold || moving.includes(field) ? [] : [say(before.name, was, is)];
  });
}

function fingerprintNode(topology: Topology, node: TopologyNode): Fingerprint[number] {
  const { id, name, address } = node;
  const facts = factsOf(node);
  if (facts === undefined) return { id, name, address, down: true };
  const link = linkOf(topology, id);
  const upstream = link && nodeOf(topology, link.upstream);
  return {
    id,
    name,
    address,
    version: `${facts.product} ${facts.version}`,
    role: facts.replication.role,
    replid: facts.replication.masterReplid,
    upstream: upstream?.name ?? null,
    link: link?.state ?? null,
    configFile: facts.configFile ?? null,
    configHash: hashOf({ settings: facts.settings, passwords: facts.passwords }),
  };
}

/** Of plain data, whatever the order of its keys. */
export function hashOf(data: unknown): string {
  return createHash('sha256').update(canonical(data)).digest('hex').slice(0, 16);
}

function canonical(data: unknown): string {
  return JSON.stringify(data, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => compareText(a, b)))
      : value,
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nobody';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
