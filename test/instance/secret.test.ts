import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { Secret } from '../../src/instance/secret.ts';

it('shows a password to nobody but who asks for it by name', () => {
  const holder = { secret: new Secret('hunter2') };
  const shown = [
    inspect(holder, { showHidden: true, depth: 9 }),
    JSON.stringify(holder),
    String(holder.secret),
  ];
  expect(shown.join(' ')).not.toContain('hunter2');
  expect(Object.keys(holder.secret)).toEqual([]);
  expect(holder.secret.reveal()).toBe('hunter2');
});

it('compares', () => {
  expect(new Secret('a').equals(new Secret('a'))).toBe(true);
  expect(new Secret('a').equals(new Secret('b'))).toBe(false);
  expect(new Secret('').empty).toBe(true);
});
