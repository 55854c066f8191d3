import { expect, test } from 'vitest';
import { useResources } from '../../support/resources.ts';

const use = useResources();

test('a key that is too long is refused, and the server serves on', async () => {
  const client = await (await use.server('bundled')).connect();
  const long = 'k'.repeat(2 ** 24);
  const refusal = { error: 'ERR keys may not be longer than 16777215 bytes' };
  expect(await client.command('SET', long, 'v')).toEqual(refusal);
  expect(await client.command('MSET', 'k', 'v', long, 'v')).toEqual(refusal);
  expect(await client.command('DEL', 'k', long)).toEqual(refusal);
  expect(await client.command('SET', 'value', long)).toBe('OK');
  const longest = long.slice(1);
  expect(await client.command('SET', longest, 'v')).toBe('OK');
  expect(await client.command('RENAME', longest, 'short')).toBe('OK');
  expect(await client.command('MGET', longest, 'short')).toEqual([null, 'v']);
  expect(await client.command('DBSIZE')).toBe(2);
});

test('an error that quotes a long argument comes out whole', async () => {
  const client = await (await use.server('bundled')).connect();
  const long = 'x'.repeat(2_000_000);
  expect(await client.command('EXPIRE', 'k', 1, long)).toEqual({
    error: `ERR Unsupported option ${long}`,
  });
  expect(await client.command('PING')).toBe('PONG');
});

test('large values are read, grown and cut without harm to their neighbours', async () => {
  const client = await (await use.server('bundled')).connect();
  const part = 'p'.repeat(10_000);
  for (let count = 1; count <= 100; count++) {
    expect(await client.command('APPEND', 'grown', part)).toBe(count * part.length);
    await client.must('SET', `neighbour${count}`, String(count));
  }
  expect(await client.command('GET', 'grown')).toBe(part.repeat(100));
  expect(await client.command('SETRANGE', 'grown', 999_999, 'end')).toBe(1_000_002);
  expect(await client.command('GETRANGE', 'grown', -4, -1)).toBe('pend');
  await client.must('SET', 'grown', 'small');
  for (let count = 1; count <= 100; count++) {
    expect(await client.command('GET', `neighbour${count}`)).toBe(String(count));
  }
});
