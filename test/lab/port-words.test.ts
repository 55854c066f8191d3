/** The words of `repl init`: who follows whom, and every way to get it wrong. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePortWords, type PortPlan } from '../../src/lab/port-words.ts';

/** `6380→6379` for each node, the master as `6379`; or the refusals' kinds and words. */
function parse(text: string): string {
  const result = parsePortWords(text.split(' '));
  if (result.kind === 'ok') return result.plans.map(show).join(' ');
  return result.refusals.map(({ kind, message }) => `${kind}: ${message}`).join('\n');
}

function show({ port, upstreamPort }: PortPlan): string {
  return upstreamPort === undefined ? String(port) : `${port}→${upstreamPort}`;
}

test.each([
  ['6379', '6379'],
  ['6379 6380 6381', '6379 6380→6379 6381→6379'],
  ['6379 6380 6381:6380', '6379 6380→6379 6381→6380'],
  ['6379 6380:6379 6381:6380 6382:6381', '6379 6380→6379 6381→6380 6382→6381'],
  ['6380:6379 6379 6381', '6380→6379 6379 6381→6379'],
  ['1 65535', '1 65535→1'],
])('%s means %s', (text, meaning) => {
  expect(parse(text)).toBe(meaning);
});

describe('refusals', () => {
  test.each([
    ['x', 'invalid-port: "x" is not a port'],
    ['0', 'invalid-port: "0" is not a port'],
    ['65536', 'invalid-port: "65536" is not a port'],
    ['6379:', 'invalid-port: "6379:" is not a port'],
    ['6379 6380:0', 'invalid-port: "6380:0" is not a port'],
    ['-1', 'invalid-port: "-1" is not a port'],
    [
      '6379 6380 6380 6379',
      'duplicate-port: port 6380 is given twice\nduplicate-port: port 6379 is given twice',
    ],
    ['6379 6380:7', 'unknown-upstream: 6380 is to follow 7, which is not a node of this lab'],
    ['6379:6379', 'cycle: nodes would follow each other in a circle: 6379 → 6379'],
    ['1:2 2:3 3:1', 'cycle: nodes would follow each other in a circle: 1 → 2 → 3 → 1'],
    ['1 2:3 3:2', 'cycle: nodes would follow each other in a circle: 2 → 3 → 2'],
  ])('%s', (text, complaint) => {
    const sorted = (lines: string): string[] => lines.split('\n').sort();
    expect(sorted(parse(text))).toEqual(sorted(complaint));
  });
});

describe('properties', () => {
  const port = fc.integer({ min: 1, max: 65_535 });

  test('a tree of any shape and order is taken as it is', () => {
    const tree = fc
      .uniqueArray(port, { minLength: 1, maxLength: 12 })
      .chain((ports) =>
        fc.record({
          ports: fc.constant(ports),
          parents: fc.tuple(...ports.map((_, index) => fc.nat(Math.max(0, index - 1)))),
        }),
      )
      .map(({ ports, parents }): PortPlan[] =>
        ports.map((own, index) => ({
          port: own,
          upstreamPort: index === 0 ? undefined : ports[parents[index]],
        })),
      )
      .chain((plans) => fc.shuffledSubarray(plans, { minLength: plans.length }));
    fc.assert(
      fc.property(tree, (plans) => {
        const words = plans.map(({ port: own, upstreamPort }) =>
          upstreamPort === undefined ? `${own}` : `${own}:${upstreamPort}`,
        );
        expect(parsePortWords(words)).toEqual({ kind: 'ok', plans });
      }),
    );
  });

  test('whatever is taken is a tree: one master at least, no port twice, no circle', () => {
    const small = fc.integer({ min: 1, max: 5 });
    const word = fc.oneof(
      small.map(String),
      fc.tuple(small, small).map(([a, b]) => `${a}:${b}`),
      fc.string({ maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
        const result = parsePortWords(words);
        if (result.kind === 'refused') {
          expect(result.refusals).not.toEqual([]);
          return;
        }
        const upstreams = new Map(result.plans.map((plan) => [plan.port, plan.upstreamPort]));
        expect(upstreams.size).toBe(words.length);
        for (const [own] of upstreams) {
          let at: number | undefined = own;
          for (let hops = 0; at !== undefined; hops++) {
            expect(hops).toBeLessThan(words.length);
            expect(upstreams.has(at)).toBe(true);
            at = upstreams.get(at);
          }
        }
      }),
    );
  });
});
