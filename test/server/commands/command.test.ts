/** COMMAND's answers, and the whole command table against that of redis-server. */
import { expect, test } from 'vitest';
import type { RespClient, RespValue } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/command.txt', import.meta.url));

const use = useResources();

/** Entries of COMMAND INFO by name, subcommands among them; notes on keys are in our own words. */
type Entry = Record<string, unknown>;

/** What Redis 7.0 has not got yet: clients ask for it, and files and masters of Redis 8 bring it. */
const newerThan7 =
  'client|no-touch client|setinfo waitaof hexpire hpexpire hexpireat hpexpireat hpersist httl hpttl hexpiretime hpexpiretime hgetex hsetex hgetdel'.split(
    ' ',
  );

test('every row is described as redis-server describes its own', async (context) => {
  needServer(context, 'redis7', 'redis8');
  const [theirs, newer, ours] = await Promise.all([
    tableOf('redis7'),
    tableOf('redis8'),
    tableOf('bundled'),
  ]);
  for (const name of newerThan7) theirs.set(name, newer.get(name) as Entry);
  expect([...ours.keys()].filter((name) => !theirs.has(name))).toEqual([]);
  for (const [name, entry] of ours) {
    expect(entry, `COMMAND INFO ${name}`).toEqual(theirs.get(name));
  }
  expect(ours.size).toBeGreaterThan(80);
});

test('DOCS describes every command in a map with its group, and subcommands inside', async () => {
  const server = await use.server('bundled');
  const client = await server.connect({ protocol: 3 });
  const docs = (await client.must('COMMAND', 'DOCS')) as Map<string, Map<string, RespValue>>;
  expect(docs.size).toBe(await client.must('COMMAND', 'COUNT'));
  for (const [name, doc] of docs) {
    const columns = [...doc.keys()].slice(0, 4);
    expect(columns, `COMMAND DOCS ${name}`).toEqual(['summary', 'since', 'group', 'complexity']);
  }
  const inside = docs.get('client')?.get('subcommands') as Map<string, RespValue>;
  expect(inside.has('client|list')).toBe(true);
});

test('what DOCS tells of every command, sentences apart, is what redis-server tells', async (context) => {
  needServer(context, 'redis7', 'redis8');
  const [theirs, newer, ours] = await Promise.all([
    docsOf('redis7'),
    docsOf('redis8'),
    docsOf('bundled'),
  ]);
  for (const name of newerThan7) theirs.set(name, newer.get(name) as Doc);
  for (const [name, doc] of ours) {
    expect({ name, ...doc }).toEqual({ name, ...theirs.get(name) });
  }
  const withArguments = [...ours.values()].filter((doc) => doc.arguments !== undefined);
  expect(withArguments.length).toBeGreaterThan(230);
});

test('LIST names every command and subcommand, and can choose', async () => {
  const server = await use.server('bundled');
  const client = await server.connect();
  const all = (await client.must('COMMAND', 'LIST')) as string[];
  expect(all).toContain('get');
  expect(all).toContain('client|list');
  const config = (await client.must(
    'COMMAND',
    'LIST',
    'FILTERBY',
    'PATTERN',
    'CONFIG*',
  )) as string[];
  expect(config.toSorted()).toEqual([
    'config',
    'config|get',
    'config|help',
    'config|resetstat',
    'config|rewrite',
    'config|set',
  ]);
  const dangerous = await client.must('COMMAND', 'LIST', 'FILTERBY', 'ACLCAT', 'Dangerous');
  expect(dangerous).toContain('flushall');
  expect(dangerous).not.toContain('get');
});

async function tableOf(kind: 'redis7' | 'redis8' | 'bundled'): Promise<Map<string, Entry>> {
  const client = await (await use.server(kind)).connect();
  const table = new Map<string, Entry>();
  addEntries(table, (await client.must('COMMAND')) as RespValue[][]);
  return table;
}

function addEntries(table: Map<string, Entry>, rows: RespValue[][]): void {
  for (const row of rows) {
    const [name, arity, flags, first, last, step, categories, tips, specs, subcommands] = row;
    const keySpecs = (specs as RespValue[][]).map(withoutNotes);
    const entry = { arity, flags, first, last, step, categories, tips, keySpecs };
    table.set(name as string, entry);
    addEntries(table, subcommands as RespValue[][]);
  }
}

function withoutNotes(spec: RespValue[]): RespValue[] {
  return spec[0] === 'notes' ? spec.slice(2) : spec;
}

/** All columns but those that are sentences. */
interface Doc {
  since: RespValue | undefined;
  group: RespValue | undefined;
  doc_flags: RespValue | undefined;
  deprecated_since: RespValue | undefined;
  arguments: unknown;
}

async function docsOf(kind: 'redis7' | 'redis8' | 'bundled'): Promise<Map<string, Doc>> {
  const client: RespClient = await (await use.server(kind)).connect({ protocol: 3 });
  const docs = new Map<string, Doc>();
  addDocs(docs, (await client.must('COMMAND', 'DOCS')) as Map<string, Map<string, RespValue>>);
  return docs;
}

function addDocs(docs: Map<string, Doc>, found: Map<string, Map<string, RespValue>>): void {
  for (const [name, doc] of found) {
    docs.set(name, {
      since: doc.get('since'),
      group: doc.get('group'),
      doc_flags: doc.get('doc_flags'),
      deprecated_since: doc.get('deprecated_since'),
      arguments: argumentColumns(doc.get('arguments')),
    });
    const inside = doc.get('subcommands');
    if (inside instanceof Map) addDocs(docs, inside as Map<string, Map<string, RespValue>>);
  }
}

/** Their columns in order, but for one that Redis 7.0 has not got yet. */
function argumentColumns(list: RespValue | undefined): unknown {
  if (!Array.isArray(list)) return list;
  return list.map((argument) =>
    [...(argument as Map<string, RespValue>)]
      .filter(([name]) => name !== 'display_text')
      .map(([name, value]) => [name, name === 'arguments' ? argumentColumns(value) : value]),
  );
}
