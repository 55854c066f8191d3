/**
 * Who may import whom in src/, as data and as a check over source text. test/layers.test.ts runs
 * it over the tree. The drawing is in the README's tour; a new directory or server file needs a row.
 */
import { builtinModules } from 'node:module';
import { posix } from 'node:path';

/** A source file: its path from src/ (`server/client.ts`) and its text. */
export interface SourceFile {
  path: string;
  text: string;
}

/**
 * Each layer, and the layers it may import besides itself. A layer is a directory of src/, and
 * `index.ts` the public entry.
 */
const layers: Record<string, readonly string[]> = {
  util: [],
  protocol: ['util'],
  rdb: ['util'],
  'redis-conf': ['util'],
  instance: ['protocol', 'rdb', 'redis-conf', 'util'],
  topology: ['instance', 'protocol', 'rdb', 'redis-conf', 'util'],
  lab: ['topology', 'instance', 'protocol', 'rdb', 'redis-conf', 'util'],
  cli: ['lab', 'topology', 'instance', 'protocol', 'rdb', 'redis-conf', 'util'],
  commands: ['cli', 'lab', 'topology', 'instance', 'protocol', 'rdb', 'redis-conf', 'util'],
  server: ['protocol', 'rdb', 'redis-conf', 'util'],
  'index.ts': ['server', 'lab', 'topology', 'util'],
};

/**
 * The ranks inside src/server, lowest first: files (without .ts) and directories. Each may import
 * its own rank and the ranks above it in this list. Where a rank needs a later one, server.ts
 * passes a function in.
 */
const serverRanks: readonly (readonly string[])[] = [
  ['log', 'log-output', 'stats', 'config'],
  ['types'],
  ['keyspace'],
  ['persistence'],
  ['replication'],
  [
    'blocked-clients',
    'blocked-runner',
    'call',
    'client',
    'client-memory',
    'client-registry',
    'command',
    'command-flags',
    'command-timer',
    'context',
    'cron',
    'digest',
    'digest-sum',
    'environment',
    'gates',
    'info',
    'key-scout',
    'memory-limit',
    'memory-use',
    'keyspace-events',
    'latency-histogram',
    'latency-monitor',
    'migration',
    'monitor',
    'output',
    'output-limits',
    'pause',
    'peer-errors',
    'pending-input',
    'propagation',
    'pubsub',
    'queued-command',
    'refusals',
    'slowlog',
    'shutdown',
    'transaction',
    'watched-key',
  ],
  ['commands'],
  ['command-table'],
  ['dispatch'],
  ['networking', 'socket-transport', 'wiring'],
  ['server'],
  ['daemon', 'listen', 'main'],
];

/** The only places that may import a package: files or directories below src/. */
const fences: Record<string, readonly string[]> = {
  ioredis: ['instance/ioredis-wire.ts'],
  execa: ['lab/process.ts'],
  yaml: ['topology/spec.ts'],
  eta: ['lab/', 'redis-conf/template.ts'],
  '@oclif/core': ['commands/', 'cli/'],
  inquirer: ['commands/', 'cli/'],
  ora: ['commands/', 'cli/'],
};

/** What a rule says, for each import that breaks it; empty when the tree is as drawn. */
export function findLayerViolations(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => [
    ...unknownPlace(file.path),
    ...importsOf(file.text).flatMap((specifier) =>
      violation(file.path, specifier).map((why) => `src/${file.path} → ${specifier}: ${why}`),
    ),
  ]);
}

/** The specifiers of all static, dynamic and re-exporting imports; comments may add to them. */
export function importsOf(text: string): string[] {
  const clause = /(?:^|[;\n}])\s*(?:import|export)\b(?:[\w\s{},*$]*?\bfrom)?\s*(['"])([^'"\n]+)\1/g;
  const call = /\b(?:import|require)\s*\(\s*(['"`])([^'"`\n]+)\1/g;
  return [...text.matchAll(clause), ...text.matchAll(call)].map((match) => match[2]);
}

function unknownPlace(path: string): string[] {
  const layer = layerOf(path);
  if (!(layer in layers))
    return [`src/${path}: no layer of that name; add it to test/support/layers.ts`];
  if (layer !== 'server' || rankOf(path) !== -1) return [];
  return [`src/${path}: give it a rank in serverRanks of test/support/layers.ts`];
}

function violation(from: string, specifier: string): string[] {
  if (specifier.startsWith('.'))
    return localViolation(from, posix.join(posix.dirname(from), specifier));
  if (specifier.startsWith('node:')) return [];
  if (builtinModules.includes(specifier)) return ["write Node's own modules with node:"];
  return packageViolation(from, specifier);
}

function localViolation(from: string, to: string): string[] {
  if (to.startsWith('..')) return ['leaves src/'];
  if (!to.endsWith('.ts')) return ['write the .ts extension'];
  const [fromLayer, toLayer] = [layerOf(from), layerOf(to)];
  if (from === 'index.ts' && toLayer === 'server' && to !== 'server/server.ts') {
    return ['the public entry sees only server/server.ts of the server'];
  }
  if (fromLayer !== toLayer) {
    return layers[fromLayer]?.includes(toLayer) ? [] : [`${fromLayer} may not import ${toLayer}`];
  }
  if (fromLayer === 'server' && rankOf(from) !== -1 && rankOf(to) > rankOf(from)) {
    return [`inside server, ${rankName(from)} may not import ${rankName(to)}`];
  }
  return [];
}

function packageViolation(from: string, specifier: string): string[] {
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  const places = fences[name];
  if (layerOf(from) === 'server') return ['the server imports no package'];
  if (places === undefined) return [`${name} has no fence; say in fences where it may be used`];
  const allowed = places.some(
    (place) => from === place || (place.endsWith('/') && from.startsWith(place)),
  );
  return allowed ? [] : [`${name} is imported only in ${places.join(', ')}`];
}

function layerOf(path: string): string {
  return path.split('/')[0];
}

/** −1 for a file or directory that has no rank. */
function rankOf(path: string): number {
  return serverRanks.findIndex((names) => names.includes(rankName(path)));
}

function rankName(path: string): string {
  return path.split('/')[1].replace(/\.ts$/, '');
}
