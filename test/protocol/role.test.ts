import { expect, it } from 'vitest';
import { parseRole } from '../../src/protocol/role.ts';

it('reads a master with its replicas', () => {
  const reply = ['master', 406, [['127.0.0.1', '25101', '406']]];
  expect(parseRole(reply)).toEqual({
    kind: 'master',
    offset: 406,
    replicas: [{ host: '127.0.0.1', port: 25101, offset: 406 }],
  });
});

it('reads a replica, and -1 as no offset', () => {
  expect(parseRole(['slave', 'localhost', 25101, 'connect', -1])).toEqual({
    kind: 'replica',
    host: 'localhost',
    port: 25101,
    state: 'connect',
    offset: undefined,
  });
  expect(parseRole(['replica', '::1', 1, 'connected', 9])).toMatchObject({
    kind: 'replica',
    offset: 9,
  });
});

it('reads a Sentinel, and nothing from what it does not know', () => {
  expect(parseRole(['sentinel', ['mymaster']])).toEqual({
    kind: 'sentinel',
    masters: ['mymaster'],
  });
  for (const reply of [null, 'OK', [], ['witness'], [1, 2]])
    expect(parseRole(reply)).toBeUndefined();
});
