/**
 * The layer rule and the search for circles over the whole of src/, and the checkers themselves over
 * samples.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { allowedCircles, findCircles } from './support/import-circles.ts';
import { findLayerViolations, importsOf, type SourceFile } from './support/layers.ts';

const srcDir = new URL('../src/', import.meta.url);

test('every import in src/ points the way the house is drawn', () => {
  const files = readSources();
  expect(files.length, 'no files seen: is the path still right?').toBeGreaterThan(3);
  const imports = files.flatMap((file) => importsOf(file.text));
  expect(imports.length, 'no imports seen').toBeGreaterThan(3);
  expect(findLayerViolations(files)).toEqual([]);
});

test('no files in src/ import each other in a circle, but for those that say why', () => {
  expect(findCircles(readSources(), allowedCircles)).toEqual([]);
});

describe('the search for circles', () => {
  const file = (path: string, ...imported: string[]): SourceFile => ({
    path,
    text: imported.map((from) => `import type { T } from '${from}';\n`).join(''),
  });
  const pair = [
    file('server/call.ts', './client.ts', '../util/clock.ts'),
    file('server/client.ts', './call.ts'),
    file('util/clock.ts'),
  ];
  const pairAllowed = [{ files: ['server/call.ts', 'server/client.ts'], because: 'a sample' }];

  test('finds a circle, of types too, and shows the shortest way round', () => {
    const files = [
      file('server/a.ts', './b.ts', './types/c.ts'),
      file('server/b.ts', './types/c.ts', './d.ts'),
      file('server/types/c.ts', '../d.ts'),
      file('server/d.ts', './a.ts'),
      file('server/e.ts', './a.ts'),
    ];
    expect(findCircles(files, [])).toEqual([
      'src/server/a.ts → src/server/b.ts → src/server/d.ts → src/server/a.ts',
    ]);
    expect(findCircles([file('util/self.ts', './self.ts')], [])).toEqual([
      'src/util/self.ts → src/util/self.ts',
    ]);
  });

  test('lets an allowed one through, and no other file into it', () => {
    expect(findCircles(pair, [])).toHaveLength(1);
    expect(findCircles(pair, pairAllowed)).toEqual([]);
    const grown = [...pair.slice(0, 2), file('util/clock.ts', '../server/call.ts')];
    expect(findCircles(grown, pairAllowed)).toEqual([
      'src/util/clock.ts → src/server/call.ts → src/util/clock.ts',
    ]);
  });

  test('says when an allowed one is broken', () => {
    const broken = [pair[0], file('server/client.ts'), pair[2]];
    expect(findCircles(broken, pairAllowed)).toEqual([
      'no circle any more, take off the list: server/call.ts, server/client.ts',
    ]);
  });
});

describe('the checker', () => {
  const broken: [path: string, line: string, why: string][] = [
    ['util/clock.ts', "import { x } from '../protocol/resp.ts';", 'util may not import protocol'],
    ['protocol/info.ts', "import { x } from '../rdb/reader.ts';", 'protocol may not import rdb'],
    ['topology/plan.ts', "import { x } from '../lab/lab.ts';", 'topology may not import lab'],
    ['cli/base.ts', "import x from '../commands/init.ts';", 'cli may not import commands'],
    [
      'lab/lab.ts',
      "import { startServer } from '../server/server.ts';",
      'lab may not import server',
    ],
    [
      'server/info.ts',
      "import type { Node } from '../topology/model.ts';",
      'server may not import topology',
    ],
    ['server/main.ts', "export * from '../cli/run.ts';", 'server may not import cli'],
    [
      'server/types/list.ts',
      "import { K } from '../keyspace/keyspace.ts';",
      'types may not import keyspace',
    ],
    [
      'server/replication/psync.ts',
      "await import('../dispatch.ts')",
      'replication may not import dispatch',
    ],
    ['server/log.ts', "import {\n  a,\n  b,\n} from './client.ts';", 'log may not import client'],
    [
      'server/commands/keys.ts',
      "import { t } from '../command-table.ts';",
      'commands may not import command-table',
    ],
    ['index.ts', "export { C } from './server/client.ts';", 'only server/server.ts'],
    ['server/server.ts', "import Redis from 'ioredis';", 'the server imports no package'],
    [
      'topology/discover.ts',
      "import Redis from 'ioredis';",
      'ioredis is imported only in instance/ioredis-wire.ts',
    ],
    ['lab/lab.ts', "import { execa } from 'execa';", 'execa is imported only in lab/process.ts'],
    [
      'lab/scaffold.ts',
      "const { parse } = await import('yaml');",
      'yaml is imported only in topology/spec.ts',
    ],
    [
      'topology/spec.ts',
      "import { Command } from '@oclif/core/command';",
      '@oclif/core is imported only',
    ],
    ['cli/run.ts', "import chalk from 'chalk';", 'chalk has no fence'],
    ['util/random.ts', "import { randomBytes } from 'crypto';", 'with node:'],
    ['util/random.ts', "import x from '../../test/x.ts';", 'leaves src/'],
    ['util/random.ts', "import x from './clock.js';", '.ts extension'],
  ];

  test.each(broken)('%s: %s', (path, text, why) => {
    const found = findLayerViolations([{ path, text }]);
    expect(found).toEqual([expect.stringContaining(why)]);
  });

  test('asks for the place of what it does not know', () => {
    const files = [
      { path: 'gossip/bus.ts', text: '' },
      { path: 'server/mystery.ts', text: '' },
    ];
    expect(findLayerViolations(files)).toEqual([
      expect.stringContaining('no layer of that name'),
      expect.stringContaining('give it a rank in serverRanks'),
    ]);
  });

  test('lets through what is drawn', () => {
    const text = (...lines: string[]): string => lines.join('\n');
    const files: SourceFile[] = [
      { path: 'util/clock.ts', text: "import { performance } from 'node:perf_hooks';" },
      {
        path: 'instance/ioredis-wire.ts',
        text: "import Redis from 'ioredis';\nimport '../rdb/crc64.ts';",
      },
      { path: 'commands/init.ts', text: "import { Flags } from '@oclif/core';" },
      {
        path: 'server/commands/strings.ts',
        text: text("import { a } from '../keyspace/keyspace.ts';", "import b from './keys.ts';"),
      },
      { path: 'server/main.ts', text: "import { startServer } from './server.ts';" },
      {
        path: 'index.ts',
        text: text(
          "export { a } from './server/server.ts';",
          "export { b } from './lab/topology.ts';",
        ),
      },
      { path: 'util/bytes.ts', text: "const from = 'redis'; // this is important from 'here'" },
    ];
    expect(findLayerViolations(files)).toEqual([]);
  });
});

function readSources(): SourceFile[] {
  return readdirSync(srcDir, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path, text: readFileSync(new URL(path, srcDir), 'utf8') }));
}
