/**
 * Random requests on streams, for random-collections.ts. Ids are given, never taken from the clock,
 * and what shows a time is left out: two servers would not agree on it.
 */
import type { Maker, RequestTools } from './random-hashes-sets.ts';

const groups = ['g', 'h', '\xff\x00'];
const consumers = ['c', 'd', 'e', ''];
const fields = ['f', 'g', '12', '', 'a longer field name'];
const values = ['v', '1', '-300', '70000', '', 'x'.repeat(70), '9223372036854775807', '007'];
const ends = ['-', '+', '0', '18446744073709551615-18446744073709551615', '(5', '(7-3', 'x', '5-*'];
/** Long enough to be noticed, short enough to wait for. */
const waits = ['10', '20', '-1', 'x'];
const counts = ['1', '2', '3', '10', '0', '-1', 'x'];

export function streamRequests({ pick, chance, key, some }: RequestTools): Maker[] {
  const number = (below: number): number => pick(Array.from({ length: below }, (_, n) => n));
  const id = (): string => (chance(0.5) ? String(number(12)) : `${number(12)}-${number(5)}`);
  const newId = (): string => (chance(0.7) ? `${number(12)}-*` : id());
  const bound = (): string => (chance(0.2) ? pick(ends) : id());
  const ids = (): string[] => Array.from({ length: 1 + number(3) }, id);
  const group = (): string => pick(groups);
  const consumer = (): string => pick(consumers);
  const count = (): string[] => (chance(0.5) ? ['COUNT', pick(counts)] : []);
  const block = (): string[] => (chance(0.1) ? ['BLOCK', pick(waits)] : []);
  const minIdle = (): string => pick(['0', '0', '0', '1000000', '-1', 'x']);
  const pairs = (): string[] =>
    Array.from({ length: pick([1, 1, 1, 2, 3]) }, () => [pick(fields), pick(values)]).flat();
  const threshold = (): string[] =>
    chance(0.5) ? ['MAXLEN', pick(['0', '2', '5', '10', '-1'])] : ['MINID', id()];
  const trim = (): string[] => {
    const [strategy, value] = threshold();
    return [strategy, ...pick([[], ['='], ['~'], ['~']]), value, ...trimLimit()];
  };
  const trimLimit = (): string[] => (chance(0.2) ? ['LIMIT', pick(['0', '1', '3', '10'])] : []);
  const lastSeen = (): string => (chance(0.6) ? '>' : chance(0.1) ? '$' : id());
  const keysAndIds = (seen: () => string): string[] => {
    const keys = Array.from({ length: pick([1, 1, 2, 3]) }, key);
    return ['STREAMS', ...keys, ...keys.map(seen)];
  };
  return [
    () => ['XADD', key(), newId(), ...pairs()],
    () => ['XADD', key(), newId(), ...pairs()],
    () => ['XADD', key(), newId(), ...pairs()],
    () => ['XADD', key(), ...some('NOMKSTREAM'), ...(chance(0.5) ? trim() : []), id(), ...pairs()],
    () => ['XLEN', key()],
    () => [pick(['XRANGE', 'XREVRANGE']), key(), bound(), bound(), ...count()],
    () => ['XRANGE', key(), '-', '+', ...count()],
    () => ['XDEL', key(), ...ids()],
    () => ['XTRIM', key(), ...trim()],
    () => ['XSETID', key(), id(), ...pick([[], ['ENTRIESADDED', '20', 'MAXDELETEDID', id()]])],
    () => ['XREAD', ...count(), ...block(), ...keysAndIds(() => (chance(0.1) ? '$' : id()))],
    () => [
      'XREADGROUP',
      'GROUP',
      group(),
      consumer(),
      ...count(),
      ...block(),
      ...some('NOACK'),
      ...keysAndIds(lastSeen),
    ],
    () => ['XREADGROUP', 'GROUP', 'g', consumer(), 'STREAMS', key(), '>'],
    () => ['XACK', key(), group(), ...ids()],
    () => ['XPENDING', key(), group()],
    () => ['XPENDING', key(), group(), 'IDLE', '1000000', bound(), bound(), '10'],
    () => [
      'XCLAIM',
      key(),
      group(),
      consumer(),
      minIdle(),
      ...ids(),
      ...some('FORCE', 'JUSTID'),
      ...pick([[], ['RETRYCOUNT', '3'], ['IDLE', '0'], ['LASTID', id()]]),
    ],
    () => ['XAUTOCLAIM', key(), group(), consumer(), minIdle(), bound(), ...count()],
    () => ['XGROUP', 'CREATE', key(), group(), pick(['0', '$', id()]), ...some('MKSTREAM')],
    () => ['XGROUP', 'CREATE', key(), 'g', '0', 'MKSTREAM'],
    () => ['XGROUP', 'SETID', key(), group(), pick(['0', '$', id()])],
    () => ['XGROUP', 'SETID', key(), group(), id(), 'ENTRIESREAD', pick(['-1', '0', '5', '-2'])],
    () => ['XGROUP', pick(['CREATECONSUMER', 'DELCONSUMER']), key(), group(), consumer()],
    () => (chance(0.3) ? ['XGROUP', 'DESTROY', key(), group()] : ['XINFO', 'GROUPS', key()]),
    () => ['XINFO', 'STREAM', key()],
    () => ['XINFO', 'GROUPS', key()],
    () => ['CONFIG', 'SET', 'stream-node-max-entries', pick(['1', '2', '3', '100'])],
  ];
}
