import { describe, expect, it } from 'vitest';
import { exitCodeOfCheck, judgeCheck, parseCodes } from '../../../src/cli/judge-check.ts';
import {
  checkDocument,
  checkSchema,
  renderCheck,
  renderCodes,
  type CheckInput,
} from '../../../src/cli/views/check-view.ts';
import { colours, plain } from '../../../src/cli/views/paint.ts';
import { expectGolden, expectGoldenJson } from '../../support/golden.ts';
import { buildTopology, type Sketch } from '../../topology/build-topology.ts';
import { schemaProblems } from './check-schema.ts';

const locked = { kind: 'auth', message: 'does not accept our password' } as const;

/** Each sketch is drawn to golden/check-NAME.txt, and ends with its exit code. */
const screens: Record<string, { sketch: Sketch; codes?: string[]; exitCode: number }> = {
  nothing: { sketch: { nodes: { 6379: {}, 6380: { upstream: '6379' } } }, exitCode: 0 },
  several: {
    sketch: {
      nodes: {
        6379: { settings: { save: '', appendonly: false } },
        6380: { upstream: '6379', link: 'down', downSinceSeconds: 12 },
        6381: { upstream: '6379', down: locked },
        6382: { upstream: '6379', readOnly: false },
      },
    },
    exitCode: 3,
  },
  advice: {
    sketch: { nodes: { 6379: { configFile: null }, 6380: { upstream: '6379' } } },
    exitCode: 0,
  },
  'advice-asked-for': {
    sketch: { nodes: { 6379: { configFile: null }, 6380: { upstream: '6379' } } },
    codes: ['rewrite-impossible'],
    exitCode: 3,
  },
  'other-code': {
    sketch: { nodes: { 6379: {}, 6380: { upstream: '6379', readOnly: false } } },
    codes: ['cycle', 'self'],
    exitCode: 0,
  },
  locked: {
    sketch: { nodes: { 6379: {}, 6380: { upstream: '6379', down: locked } } },
    exitCode: 1,
  },
};

function inputOf(name: string): CheckInput {
  const { sketch, codes = [] } = screens[name];
  return judgeCheck({ topology: buildTopology(sketch) }, parseCodes(codes));
}

describe('what repl check shows', () => {
  for (const [name, { exitCode }] of Object.entries(screens)) {
    it(`draws ${name}`, () => {
      const input = inputOf(name);
      const text = renderCheck(input, plain);
      expectGolden(text, new URL(`golden/check-${name}.txt`, import.meta.url));
      expect(exitCodeOfCheck(input)).toBe(exitCode);
      const painted = renderCheck(input, colours);
      // oxlint-disable-next-line no-control-regex -- colour is made of control characters
      expect(painted.replaceAll(/\u001b\[\d+m/g, '')).toBe(text);
      const document: unknown = JSON.parse(JSON.stringify(checkDocument(input)));
      expect(schemaProblems(checkSchema, document)).toEqual([]);
    });
  }

  it('is JSON too', () => {
    const url = new URL('golden/check-several.json', import.meta.url);
    expectGoldenJson(checkDocument(inputOf('several')), url);
  });

  it('lists the codes', () => {
    expectGolden(renderCodes(plain), new URL('golden/check-codes.txt', import.meta.url));
  });

  it('knows no other codes', () => {
    expect(() => parseCodes(['link-dwon'])).toThrow('no problem code link-dwon');
  });
});
