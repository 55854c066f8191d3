/**
 * What INFO says, as data: sections of fields, with the names and in the order of Redis 7.0.15,
 * because tools look for them. A value is measured, or a true "none" (`0` for what this server does
 * not have: defragmentation, scripts); fields that would need a lie are left out, see
 * `test/server/info/sections.test.ts`. Printing is `protocol/info.ts`, the command is `commands/info.ts`.
 */
import type { InfoFields, InfoSection } from '../../protocol/info.ts';
import type { ServerContext } from '../context.ts';
import { clientsFields } from './clients.ts';
import {
  commandStatsFields,
  errorStatsFields,
  keyspaceFields,
  latencyStatsFields,
  statsFields,
} from './counters.ts';
import { memoryFields } from './memory.ts';
import { persistenceFields } from './persistence.ts';
import { cpuFields, serverFields } from './process.ts';

interface Section {
  readonly title: string;
  /** Shown by a plain INFO. */
  readonly byDefault: boolean;
  readonly fields: (server: ServerContext) => InfoFields;
}

/** By the word that asks for each, in the order in which they are shown. */
const sections: readonly (readonly [word: string, section: Section])[] = [
  ['server', { title: 'Server', byDefault: true, fields: serverFields }],
  ['clients', { title: 'Clients', byDefault: true, fields: clientsFields }],
  ['memory', { title: 'Memory', byDefault: true, fields: memoryFields }],
  ['persistence', { title: 'Persistence', byDefault: true, fields: persistenceFields }],
  ['stats', { title: 'Stats', byDefault: true, fields: statsFields }],
  [
    'replication',
    { title: 'Replication', byDefault: true, fields: ({ replication }) => replication.info() },
  ],
  ['cpu', { title: 'CPU', byDefault: true, fields: cpuFields }],
  ['modules', { title: 'Modules', byDefault: true, fields: () => [] }],
  ['commandstats', { title: 'Commandstats', byDefault: false, fields: commandStatsFields }],
  ['errorstats', { title: 'Errorstats', byDefault: true, fields: errorStatsFields }],
  ['latencystats', { title: 'Latencystats', byDefault: false, fields: latencyStatsFields }],
  ['cluster', { title: 'Cluster', byDefault: true, fields: () => [['cluster_enabled', 0]] }],
  ['keyspace', { title: 'Keyspace', byDefault: true, fields: keyspaceFields }],
];

/** The sections that `words` (lower case) ask for; those of a plain INFO when there are none. */
export function infoSections(server: ServerContext, words: readonly string[]): InfoSection[] {
  const asked = new Set(words.length === 0 ? ['default'] : words);
  if (asked.has('module_list')) asked.add('modules');
  const all = asked.has('all') || asked.has('everything');
  return sections
    .filter(([word, { byDefault }]) => {
      return all || asked.has(word) || (byDefault && asked.has('default'));
    })
    .map(([, { title, fields }]) => ({ title, fields: fields(server) }));
}
