/** What a lab looks like on disk: whole files as golden files, and the details that are promises. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/instance/secret.ts';
import { planLab, renderLab, withoutSecrets, type LabWishes } from '../../src/lab/scaffold.ts';
import { splitArgs } from '../../src/redis-conf/split-args.ts';
import { expectGolden } from '../support/golden.ts';

const wishes: LabWishes = {
  labDir: '/srv/my lab',
  ports: [
    { port: 6379, upstreamPort: undefined },
    { port: 6380, upstreamPort: 6379 },
    { port: 6381, upstreamPort: 6380 },
  ],
  engine: 'bundled',
  password: new Secret('topsecret'),
  bind: ['127.0.0.1'],
};

/** The rendered files by path. */
function render(change: Partial<LabWishes> = {}): Map<string, string> {
  const files = renderLab(planLab({ ...wishes, ...change }));
  return new Map(files.map(({ path, text }) => [path, text]));
}

/** The words of one directive in a node's file. */
function directive(files: Map<string, string>, port: number, name: string): string[] | undefined {
  const lines = files.get(`${port}/redis${port}.conf`)?.split('\n') ?? [];
  const line = lines.find((text) => text.startsWith(`${name} `));
  return line === undefined ? undefined : splitArgs(line)?.slice(1);
}

describe('golden files', () => {
  const golden = (name: string): URL => new URL(`golden/${name}`, import.meta.url);

  test('a master and a chained replica on the bundled server', () => {
    const files = render();
    expect([...files.keys()]).toEqual([
      '6379/redis6379.conf',
      '6380/redis6380.conf',
      '6381/redis6381.conf',
      'repl.yaml',
    ]);
    expectGolden(files.get('6379/redis6379.conf') ?? '', golden('redis6379.conf'));
    expectGolden(files.get('6381/redis6381.conf') ?? '', golden('redis6381.conf'));
  });

  test('without a password, open to others, on redis-server', () => {
    const files = render({ engine: 'redis', password: undefined, bind: ['192.168.1.5', '-::1'] });
    expectGolden(files.get('6380/redis6380.conf') ?? '', golden('redis6380-open.conf'));
  });
});

test('every node asks for the password and gives it, the master too', () => {
  const files = render();
  for (const port of [6379, 6380, 6381]) {
    expect(directive(files, port, 'requirepass')).toEqual(['topsecret']);
    expect(directive(files, port, 'masterauth')).toEqual(['topsecret']);
  }
});

test('any password and any directory come back as they were', () => {
  const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
  const text = fc
    .string({ minLength: 1, unit: 'binary' })
    .filter((password) => !/[\0\r\n]/.test(password));
  fc.assert(
    fc.property(text, text, (password, dir) => {
      const files = render({ password: new Secret(password), labDir: `/${dir}` });
      expect(directive(files, 6379, 'requirepass')).toEqual([bytes(password)]);
      expect(directive(files, 6379, 'dir')?.[0]).toMatch(/\/6379$/);
      expect(directive(files, 6380, 'logfile')?.[0].startsWith('/')).toBe(true);
    }),
  );
});

test.each([
  [['127.0.0.1'], '127.0.0.1'],
  [['0.0.0.0'], '127.0.0.1'],
  [['*'], '127.0.0.1'],
  [['::'], '::1'],
  [['-::1', '127.0.0.1'], '::1'],
  [['10.0.0.5', '127.0.0.1'], '10.0.0.5'],
])('bound to %s, it is dialled at %s', (bind, host) => {
  expect(planLab({ ...wishes, bind }).spec.nodes.map((node) => node.host)).toEqual(
    Array(3).fill(host),
  );
  expect(directive(render({ bind }), 6380, 'replicaof')).toEqual([host, '6379']);
});

test('what is shown holds no password', () => {
  const shown = renderLab(withoutSecrets(planLab(wishes)));
  for (const { text } of shown) expect(text).not.toContain('topsecret');
});
