import { expect, it } from 'vitest';
import { classifyConnectionError, classifyReply } from '../../src/instance/failure.ts';

const address = { host: '127.0.0.1', port: 6379 };

it('knows error replies by how they begin', () => {
  const kinds = {
    'NOAUTH Authentication required.': 'auth',
    'WRONGPASS invalid username-password pair or user is disabled.': 'auth',
    "NOPERM this user has no permissions to run the 'info' command": 'auth',
    'ERR invalid password': 'auth',
    'LOADING Redis is loading the dataset in memory': 'loading',
    'DENIED Redis is running in protected mode because protected mode is enabled. In this …':
      'denied',
    'ERR max number of clients reached': 'denied',
    'ERR unknown command': 'reply',
  };
  const found = Object.keys(kinds).map((message) => [message, classifyReply(message).kind]);
  expect(Object.fromEntries(found)).toEqual(kinds);
});

it('knows what broke a connection', () => {
  const error = (code: string): Error => Object.assign(new Error(code), { code });
  expect(classifyConnectionError(error('ECONNREFUSED'), address).message).toContain(
    'nobody listens',
  );
  expect(classifyConnectionError(error('ETIMEDOUT'), address).kind).toBe('timeout');
  const both = new AggregateError([error('ECONNREFUSED'), error('ECONNREFUSED')]);
  expect(classifyConnectionError(both, address)).toEqual(
    classifyConnectionError(error('ECONNREFUSED'), address),
  );
  expect(classifyConnectionError(new Error('Connection is closed.'), address).kind).toBe(
    'unreachable',
  );
});
