/** The inventory: what is read, what is refused with which line, and that edits keep comments. */
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/instance/secret.ts';
import {
  changeUpstreams,
  findCycle,
  findSpecNode,
  loadSpec,
  parseSpec,
  renderSpec,
  saveSpec,
  saveUpstreams,
  type LabSpec,
} from '../../src/topology/spec.ts';
import { OperatorError } from '../../src/util/errors.ts';
import { expectGolden } from '../support/golden.ts';
import { useResources } from '../support/resources.ts';

const use = useResources();

const three: LabSpec = {
  version: 1,
  engine: 'bundled',
  password: new Secret('se"cret: é #1'),
  nodes: [
    { name: 'redis6379', host: '127.0.0.1', port: 6379, dir: '6379', replicaof: undefined },
    { name: 'redis6380', host: '127.0.0.1', port: 6380, dir: '6380', replicaof: 'redis6379' },
    { name: 'redis6381', host: '::1', port: 6381, dir: 'far away', replicaof: 'redis6380' },
  ],
};

describe('reading', () => {
  test('what was rendered', () => {
    const spec = parseSpec(renderSpec(three));
    expect(spec).toEqual(three);
    expect(spec.password?.reveal()).toBe('se"cret: é #1');
  });

  test('how to get in, for all nodes and for one', () => {
    const [first, ...others] = three.nodes;
    const spec: LabSpec = {
      ...three,
      username: 'repl',
      tls: { ca: 'ca.crt', cert: 'our.crt', key: 'our.key' },
      sentinels: [
        { host: '127.0.0.1', port: 26_379 },
        { host: '::1', port: 26_380 },
      ],
      nodes: [
        { ...first, socket: '/run/a.sock', tls: false, username: 'x', password: new Secret('y') },
        ...others,
      ],
    };
    const read = parseSpec(renderSpec(spec));
    expect(read).toEqual(spec);
    expect(read.nodes[0].password?.reveal()).toBe('y');
    expect(parseSpec('version: 1\ntls: true\nnodes: [{port: 1}]\n').tls).toEqual({});
    expect(parseSpec('version: 1\nca: x\nnodes: [{port: 1}]\n').tls).toEqual({ ca: 'x' });
  });

  test.each([
    ['sentinels: [x]', ':2: "x" is no host:port'],
    ['sentinels: x', ':2: sentinels must be a list of host:port'],
    ['tls: maybe', ':2: tls must be true or false, not "maybe"'],
    ['cert: a.crt', ':2: cert and key go together'],
    ['nodes: [{port: 1, socket: a.sock}]', ':2: socket must be an absolute path, not a.sock'],
  ])('refuses %s', (line, message) => {
    const nodes = line.startsWith('nodes') ? '' : 'nodes: [{port: 1}]\n';
    expect(() => parseSpec(`version: 1\n${line}\n${nodes}`)).toThrow(message);
  });

  test('fills in what a short file leaves out', () => {
    const spec = parseSpec(
      'version: 1\nnodes:\n  - port: 6379\n  - port: 6380\n    replicaof: redis6379\n',
    );
    expect(spec).toEqual({
      version: 1,
      engine: 'bundled',
      password: undefined,
      nodes: [
        { name: 'redis6379', host: '127.0.0.1', port: 6379, dir: '6379', replicaof: undefined },
        { name: 'redis6380', host: '127.0.0.1', port: 6380, dir: '6380', replicaof: 'redis6379' },
      ],
    });
  });

  test('takes numbers for texts as they were typed', () => {
    const spec = parseSpec('version: 1\npassword: 0123\nnodes:\n  - port: 6379\n    dir: 007\n');
    expect(spec.password?.reveal()).toBe('0123');
    expect(spec.nodes[0].dir).toBe('007');
  });

  test('any password survives', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary' }), (password) => {
        const spec = { ...three, password: new Secret(password) };
        expect(parseSpec(renderSpec(spec)).password?.reveal()).toBe(password);
      }),
    );
  });
});

const node = (text: string): string => `version: 1\nnodes:\n${text}`;

const wrong: [what: string, text: string, complaint: RegExp][] = [
  ['no YAML', 'version: [1\n', /^lab\.yaml:\d+: /],
  ['an empty file', '', /^lab\.yaml:1: expected version, engine, .*, nodes here/],
  ['a list', '- 1\n', /^lab\.yaml:1: expected version/],
  [
    'another version',
    'version: 2\nnodes:\n  - port: 1\n',
    /^lab\.yaml:1: version must be 1, not 2/,
  ],
  ['no nodes', 'version: 1\n', /:1: nodes must be a list with at least one node/],
  ['an unknown key', node('  - port: 1\n    prot: 2\n'), /:4: unknown key prot; known are name, /],
  ['a port of words', node('  - name: a\n    port: x\n'), /:4: port must be 1 to 65535, not "x"/],
  ['a port too high', node('  - port: 65536\n'), /:3: port must be 1 to 65535, not 65536/],
  ['no port', node('  - name: a\n'), /:3: port must be 1 to 65535, not nothing/],
  [
    'a node that is no map',
    node('  - 6379\n'),
    /:3: expected name, host, port, socket, dir, replicaof/,
  ],
  [
    'a name that is a list',
    node('  - port: 1\n    name: [a]\n'),
    /:4: name must be a single value/,
  ],
  [
    'a port twice',
    node('  - port: 1\n  - port: 1\n    name: b\n    dir: b\n'),
    /:4: two nodes with/,
  ],
  [
    'an unknown upstream',
    node('  - port: 1\n    replicaof: nobody\n'),
    /:4: there is no node nobody to follow; there are redis1/,
  ],
  [
    'a circle',
    node('  - port: 1\n    replicaof: redis2\n  - port: 2\n    replicaof: redis1\n'),
    /:4: nodes follow each other in a circle: redis1 → redis2 → redis1/,
  ],
  ['a node that follows itself', node('  - port: 1\n    replicaof: redis1\n'), /redis1 → redis1/],
];

test.each(wrong)('refuses %s', (_what, text, complaint) => {
  expect(() => parseSpec(text, 'lab.yaml')).toThrow(OperatorError);
  expect(() => parseSpec(text, 'lab.yaml')).toThrow(complaint);
});

test('names everything that is wrong at once, from the top', () => {
  const text = node('  - port: x\n    foo: 1\n');
  expect(() => parseSpec(text, 'lab.yaml')).toThrow(/lab\.yaml:3.*\nlab\.yaml:4/);
});

test('a fresh file explains itself', () => {
  expectGolden(renderSpec(three), new URL('golden/repl.yaml', import.meta.url));
});

describe('editing', () => {
  const text = [
    '# ours',
    'version: 1',
    'nodes: # the nodes',
    '  - { port: 6379, name: one } # the first',
    "  - port: 6380 # the second\n    name: 'two'\n    replicaof: one # follows\n",
  ].join('\n');

  test('changes upstreams and keeps the rest to the letter', () => {
    const changed = changeUpstreams(text, [
      { name: 'one', replicaof: 'two' },
      { name: 'two', replicaof: undefined },
    ]);
    expect(parseSpec(changed).nodes.map(({ replicaof }) => replicaof)).toEqual(['two', undefined]);
    for (const comment of ['# ours', '# the nodes', '# the first', '# the second', "'two'"]) {
      expect(changed).toContain(comment);
    }
  });

  test('refuses a circle and a node that is not there', () => {
    const circle = [{ name: 'one', replicaof: 'two' }];
    expect(() => changeUpstreams(text, circle)).toThrow(/in a circle/);
    expect(() => changeUpstreams(text, [{ name: 'x', replicaof: 'one' }])).toThrow(/has no node x/);
  });

  test('no edit changes nothing', () => {
    const rendered = renderSpec(three);
    expect(changeUpstreams(rendered, [])).toBe(rendered);
  });
});

describe('the file', () => {
  test('is for its owner only, also where it was not', async () => {
    const dir = await use.tempDir();
    const path = join(dir, 'repl.yaml');
    await writeFile(path, 'version: 1\n', { mode: 0o644 });
    await chmod(path, 0o644);
    await saveSpec(dir, renderSpec(three));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await loadSpec(dir)).toEqual(three);
  });

  test('notes upstreams', async () => {
    const dir = await use.tempDir();
    await saveSpec(dir, renderSpec(three));
    await saveUpstreams(dir, [{ name: 'redis6381', replicaof: 'redis6379' }]);
    expect((await loadSpec(dir)).nodes[2].replicaof).toBe('redis6379');
    expect(await readFile(join(dir, 'repl.yaml'), 'utf8')).toContain('# The inventory');
  });

  test('that is missing is an error that names it', async () => {
    const dir = await use.tempDir();
    await expect(loadSpec(dir)).rejects.toThrow(`could not read ${join(dir, 'repl.yaml')}`);
  });
});

test('a node is found by name, port and address', () => {
  const [first, , third] = three.nodes;
  expect(findSpecNode(three, 'redis6379')).toBe(first);
  expect(findSpecNode(three, '6379')).toBe(first);
  expect(findSpecNode(three, '127.0.0.1:6379')).toBe(first);
  expect(findSpecNode(three, '[::1]:6381')).toBe(third);
  expect(findSpecNode(three, '10.0.0.1:6379')).toBeUndefined();
  expect(findSpecNode(three, '1')).toBeUndefined();
});

test('a circle is found wherever it begins', () => {
  const chain = [
    { name: 'a', replicaof: 'b' },
    { name: 'b', replicaof: 'c' },
    { name: 'c', replicaof: 'b' },
  ];
  expect(findCycle(chain)).toEqual(['b', 'c']);
  expect(findCycle(three.nodes)).toBeUndefined();
});
