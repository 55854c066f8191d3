/** Collections in a Dict: any object that is a Value will do. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Dict } from '../../../src/server/keyspace/dict.ts';
import type { Value } from '../../../src/server/types/value.ts';
import { valueTypes } from '../../../src/server/types/value.ts';
import { testValue, type TestValue } from './support/test-value.ts';

let dict: Dict;

beforeEach(() => {
  dict = new Dict(1);
});

function find(key: string): number {
  return dict.find(Buffer.from(key), 0, key.length);
}

function insert(key: string, value: Value): number {
  expect(find(key)).toBe(0);
  return dict.insertValue(Buffer.from(key), 0, key.length, value);
}

function setString(key: string, text: string): void {
  const value = Buffer.from(text);
  const ref = find(key);
  if (ref === 0) dict.insertString(Buffer.from(key), 0, key.length, value, 0, value.length);
  else dict.overwriteString(ref, value, 0, value.length, false);
}

describe('a collection in a Dict', () => {
  it('stays the same object under its key, with a time to live too', () => {
    const value = testValue(100);
    insert('k', value);
    dict.setExpireAt(find('k'), 1000);
    for (let n = 0; n < 1000; n++) insert(`other:${n}`, testValue(1));
    const ref = find('k');
    expect(dict.type(ref)).toBe(valueTypes.list);
    expect(dict.isCollection(ref)).toBe(true);
    expect(dict.value(ref)).toBe(value);
    expect(dict.expireAt(ref)).toBe(1000);
    expect(dict.key(ref).toString()).toBe('k');
  });

  it('becomes a string and back', () => {
    insert('k', testValue(100));
    setString('k', 'text');
    expect(dict.isCollection(find('k'))).toBe(false);
    expect(dict.type(find('k'))).toBe(valueTypes.string);
    expect(dict.stringValue(find('k')).toString()).toBe('text');
    dict.setExpireAt(find('k'), 500);
    const value = testValue(7);
    expect(dict.expireAt(dict.overwriteValue(find('k'), value, true))).toBe(500);
    expect(dict.value(find('k'))).toBe(value);
    expect(dict.expireAt(dict.overwriteValue(find('k'), value, false))).toBe(-1);
    expect(dict.size).toBe(1);
    expect(dict.volatileSize).toBe(0);
  });

  it('is counted with what it takes now, whenever it changed', () => {
    const empty = dict.memoryBytes;
    const values = Array.from({ length: 100 }, () => testValue(1000));
    values.forEach((value, n) => insert(`k${n}`, value));
    const full = dict.memoryBytes;
    expect(full - empty).toBeGreaterThanOrEqual(100_000);
    for (let n = 0; n < 100; n++) {
      const value = dict.valueForWrite(find(`k${n}`)) as TestValue;
      value.memoryBytes += 500;
    }
    expect(dict.memoryBytes - full).toBe(50_000);
    setString('k0', '');
    (dict.valueForWrite(find('k1')) as TestValue).memoryBytes = 9999;
    for (let n = 0; n < 100; n++) dict.remove(find(`k${n}`));
    expect(dict.size).toBe(0);
    expect(dict.memoryBytes - empty).toBeLessThan(2000);
  });

  it('is shown to a snapshot before its first change only', () => {
    insert('k', testValue(1));
    insert('gone', testValue(1));
    const seen: string[] = [];
    dict.beginEpoch();
    dict.observer = {
      beforeWrite: (of, ref) => {
        seen.push(of.key(ref).toString());
      },
    };
    insert('new', testValue(1));
    dict.valueForWrite(find('k'));
    dict.valueForWrite(find('k'));
    dict.valueForWrite(find('new'));
    dict.remove(find('gone'));
    setString('k', 'text');
    expect(seen).toEqual(['k', 'gone']);
  });
});
