/** Who waits for which key, and in which order they are served when keys get ready. */
import { describe, expect, test } from 'vitest';
import type { KeyWaiter } from '../../../src/server/keyspace/awaited-keys.ts';
import type { Database } from '../../../src/server/keyspace/database.ts';
import { Keyspace } from '../../../src/server/keyspace/keyspace.ts';
import { valueTypes, type ValueType } from '../../../src/server/types/value.ts';
import { AwaitedKeys } from '../../../src/server/keyspace/awaited-keys.ts';
import { seededRandom } from '../../../src/util/random.ts';

const { list, stream, zset } = valueTypes;

/** Databases, what their keys hold (elements left to take), and what was served. */
function newRig() {
  const keyspace = new Keyspace({
    databases: 2,
    random: seededRandom(1),
    onExpired: () => undefined,
  });
  const [db, other] = keyspace.databases;
  const held = new Map<string, { type: ValueType; elements: number }>();
  const served: string[] = [];
  const at = (database: Database, key: Buffer): string => `${database.id}/${key.toString()}`;
  const awaited = new AwaitedKeys((database, key) => held.get(at(database, key))?.type ?? null);
  const signal = (key: string, database = db): void =>
    awaited.signal(database, Buffer.from(`..${key}.`), 2, 2 + key.length);
  /** Puts elements under a key and tells of it, as a command does. */
  const fill = (key: string, type: ValueType, elements = 1, database = db): void => {
    held.set(`${database.id}/${key}`, { type, elements });
    signal(key, database);
  };
  const newWaiter = (
    name: string,
    keys: readonly string[],
    terms: Partial<Pick<KeyWaiter, 'wants' | 'wantsLoss'>> & { onServed?: () => void } = {},
  ): KeyWaiter => {
    const waiter: KeyWaiter = {
      wants: terms.wants ?? list,
      wantsLoss: terms.wantsLoss ?? false,
      serve(key) {
        const value = held.get(at(db, key));
        served.push(`${name} from ${key.toString()}`);
        for (const each of keys) awaited.leave(db, Buffer.from(each), waiter);
        if (value !== undefined && --value.elements === 0) held.delete(at(db, key));
        terms.onServed?.();
        return true;
      },
    };
    for (const each of keys) awaited.wait(db, Buffer.from(each), waiter);
    return waiter;
  };
  return { awaited, db, other, fill, signal, newWaiter, served };
}

describe('keys that clients wait for', () => {
  test('a change of a key nobody waits for makes nothing ready', () => {
    const { awaited, fill, newWaiter, other } = newRig();
    fill('a', list);
    expect(awaited.any).toBe(false);
    newWaiter('one', ['a']);
    fill('b', list);
    fill('a', list, 1, other);
    expect(awaited.any).toBe(true);
    expect(awaited.anyReady).toBe(false);
  });

  test('one key serves those first who waited first, as far as it reaches', () => {
    const { awaited, fill, newWaiter, served } = newRig();
    for (const name of ['one', 'two', 'three']) newWaiter(name, ['a', 'b']);
    fill('b', list, 2);
    expect(served).toEqual([]);
    awaited.serve();
    expect(served).toEqual(['one from b', 'two from b']);
    fill('a', list);
    awaited.serve();
    expect(served.at(-1)).toBe('three from a');
    expect(awaited.any).toBe(false);
  });

  test('keys serve in the order in which they got ready', () => {
    const { awaited, fill, newWaiter, served } = newRig();
    newWaiter('one', ['a', 'b']);
    newWaiter('two', ['a', 'b']);
    fill('b', list);
    fill('a', list);
    fill('b', list);
    awaited.serve();
    expect(served).toEqual(['one from b', 'two from a']);
  });

  test('only the type that is waited for serves', () => {
    const { awaited, fill, newWaiter, served } = newRig();
    newWaiter('pops a list', ['a']);
    newWaiter('pops a set', ['a'], { wants: zset });
    fill('a', zset, 2);
    awaited.serve();
    expect(served).toEqual(['pops a set from a']);
    fill('a', list);
    awaited.serve();
    expect(served.at(-1)).toBe('pops a list from a');
  });

  test('who wants to hear of a loss does, and nobody else', () => {
    const { awaited, fill, newWaiter, served, signal } = newRig();
    newWaiter('list', ['a']);
    newWaiter('reader', ['a'], { wants: stream });
    newWaiter('group', ['a'], { wants: stream, wantsLoss: true });
    signal('a');
    awaited.serve();
    expect(served).toEqual(['group from a']);
    newWaiter('group', ['a'], { wants: stream, wantsLoss: true });
    fill('a', list, 2);
    awaited.serve();
    expect(served.slice(1)).toEqual(['list from a', 'group from a']);
  });

  test('serving may make other keys ready, which come after', () => {
    const { awaited, fill, newWaiter, served } = newRig();
    newWaiter('end', ['c']);
    newWaiter('middle', ['b'], { onServed: () => fill('c', list) });
    newWaiter('start', ['a'], { onServed: () => fill('b', list) });
    fill('a', list);
    awaited.serve();
    expect(served).toEqual(['start from a', 'middle from b', 'end from c']);
    expect(awaited.anyReady).toBe(false);
  });

  test('a whole database that changes makes all its keys ready', () => {
    const { awaited, db, newWaiter, other, served, fill } = newRig();
    fill('b', list);
    fill('a', list);
    newWaiter('one', ['a']);
    newWaiter('two', ['b']);
    awaited.signalAll(other);
    expect(awaited.anyReady).toBe(false);
    awaited.signalAll(db);
    awaited.serve();
    expect(served).toEqual(['one from a', 'two from b']);
  });

  test('who leaves is not served, and leaves nothing behind', () => {
    const { awaited, db, fill, newWaiter, served } = newRig();
    const waiter = newWaiter('one', ['a', 'a', 'b']);
    for (const key of ['a', 'b']) awaited.leave(db, Buffer.from(key), waiter);
    awaited.leave(db, Buffer.from('a'), waiter);
    fill('a', list);
    awaited.serve();
    expect(served).toEqual([]);
    expect(awaited.any).toBe(false);
  });
});
