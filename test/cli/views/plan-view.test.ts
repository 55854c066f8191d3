import { describe, expect, it } from 'vitest';
import { renderComparison } from '../../../src/cli/views/plan-view.ts';

const forecast = { partial: 2, full: 1 };

describe('what happened, beside what was forecast', () => {
  const rendered = (partial: number, full: number, holds = true): string =>
    renderComparison({ forecast, happened: { partial, full }, holds }, (_, text) => `<${text}>`);

  it('is a line', () => {
    expect(rendered(2, 1)).toBe(
      'resyncs forecast: 2 partial, 1 full; happened: 2 partial, 1 full\n',
    );
  });

  it('names partial resyncs that came on the way', () => {
    expect(rendered(4, 1)).toBe(
      'resyncs forecast: 2 partial, 1 full; happened: 4 partial, 1 full (2 of them on the way)\n',
    );
  });

  it('stands out where it went otherwise', () => {
    expect(rendered(1, 2, false)).toBe(
      '<resyncs forecast: 2 partial, 1 full; happened: 1 partial, 2 full: not as forecast>\n',
    );
  });
});
