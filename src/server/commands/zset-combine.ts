/**
 * Several sorted sets at once, and sets, whose members count 1 each: ZUNION, ZINTER, ZDIFF, their
 * forms that store the result, and ZINTERCARD.
 */
import { errorReplies } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';
import { SetValue } from '../types/set-value.ts';
import { ShortZset } from '../types/short-zset.ts';
import { ZsetValue } from '../types/zset-value.ts';
import { countedKeys, integerArgument, integerFrom } from './generic-arguments.ts';
import { replyMember, replyMembersHead, scoreArgument } from './zset-arguments.ts';
import { storeZset } from './zset-store.ts';

const row = { categories: ['sortedset'], group: 'sorted-set' } as const;
const shows = {
  ...row,
  arity: -3,
  flags: ['readonly', 'movablekeys'],
  findKeys: (call: Call): number[] => countedKeys(call, 1),
} as const;
const stores = {
  ...row,
  arity: -4,
  flags: ['write', 'denyoom', 'movablekeys'],
  keys: [1, 1, 1],
  findKeys: (call: Call): number[] => {
    const sources = countedKeys(call, 2);
    return sources.length === 0 ? [] : [1, ...sources];
  },
} as const;
const union = { complexity: 'O(n × log m) for n members in all sets, m in the result' } as const;
const intersection = {
  complexity: 'O(n × k + m × log m) for k sets, the smallest of n members, m in the result',
} as const;
const difference = {
  complexity: 'O(n × k + m × log m) for k sets, the first of n members, m in the result',
} as const;

export const zsetCombineCommands: readonly CommandSpec[] = [
  {
    ...shows,
    ...union,
    name: 'zunion',
    since: '6.2.0',
    summary: 'Returns the members of all the given sorted sets, with their scores combined.',
    handler: (call) => replyCombined(call, unionForm),
  },
  {
    ...stores,
    ...union,
    name: 'zunionstore',
    since: '2.0.0',
    summary: 'Stores the members of all the given sorted sets, with their scores combined.',
    handler: (call) => storeCombined(call, unionForm),
  },
  {
    ...shows,
    ...intersection,
    name: 'zinter',
    since: '6.2.0',
    summary: 'Returns the members that all the given sorted sets have, with their scores combined.',
    handler: (call) => replyCombined(call, intersectionForm),
  },
  {
    ...stores,
    ...intersection,
    name: 'zinterstore',
    since: '2.0.0',
    summary: 'Stores the members that all the given sorted sets have, with their scores combined.',
    handler: (call) => storeCombined(call, intersectionForm),
  },
  {
    ...shows,
    ...difference,
    name: 'zdiff',
    since: '6.2.0',
    summary: 'Returns the members of the first sorted set that no other given one has.',
    handler: (call) => replyCombined(call, differenceForm),
  },
  {
    ...stores,
    ...difference,
    name: 'zdiffstore',
    since: '6.2.0',
    summary: 'Stores the members of the first sorted set that no other given one has.',
    handler: (call) => storeCombined(call, differenceForm),
  },
  {
    ...shows,
    name: 'zintercard',
    since: '7.0.0',
    summary:
      'Counts the members that all the given sorted sets have, up to a limit if one is given.',
    complexity: 'O(n × k) for k sets, the smallest of n members',
    handler: zintercardCommand,
  },
];

/** A result of no more members needs no index. */
const maxShortResult = 48;

/** One set to be combined; null for a key that is not there. */
interface Source {
  readonly value: SetValue | ZsetValue | null;
  weight: number;
}

type Aggregate = (a: number, b: number) => number;

interface Options {
  aggregate: Aggregate;
  withScores: boolean;
  /** Where ZINTERCARD stops counting. */
  limit: number;
}

/** Which options a command has, and how it combines. */
interface Form {
  /** WEIGHTS and AGGREGATE. */
  readonly weighs: boolean;
  readonly withScores: boolean;
  readonly limits: boolean;
  readonly combine: (sources: readonly Source[], options: Options, result: Result) => void;
}

const unionForm: Form = { weighs: true, withScores: true, limits: false, combine: unite };
const intersectionForm: Form = {
  weighs: true,
  withScores: true,
  limits: false,
  combine: intersect,
};
const differenceForm: Form = { weighs: false, withScores: true, limits: false, combine: subtract };
const countForm: Form = { weighs: false, withScores: false, limits: true, combine: intersect };

const aggregates: readonly (readonly [word: string, aggregate: Aggregate])[] = [
  ['sum', sum],
  ['min', (a, b) => (b < a ? b : a)],
  ['max', (a, b) => (b > a ? b : a)],
];

/** Infinity and its opposite add up to nothing. */
function sum(a: number, b: number): number {
  return orZero(a + b);
}

function orZero(score: number): number {
  return Number.isNaN(score) ? 0 : score;
}

function replyCombined(call: Call, form: Form): void {
  const request = readRequest(call, form, 1);
  if (request === null) return;
  const result = newResult(call, request.sources);
  form.combine(request.sources, request.options, result);
  const { withScores } = request.options;
  replyMembersHead(call, result.size, withScores);
  if (result.size === 0) return;
  if (result instanceof ShortZset) {
    for (const ref of result.inOrder()) replyMember(call, result, ref, withScores);
    return;
  }
  result.seek(0);
  do replyMember(call, result, result.cursorRef, withScores);
  while (result.next());
}

type Result = ShortZset | ZsetValue;

/** An index takes longer to make than a few members take to find without one. */
function newResult({ keyspace }: Call, sources: readonly Source[]): Result {
  let most = 0;
  for (const source of sources) most += sizeOf(source);
  return most <= maxShortResult ? new ShortZset() : ZsetValue.indexed(keyspace.valueSettings);
}

/** As it stands under a key. */
function toStore({ keyspace }: Call, result: Result): ZsetValue {
  if (result instanceof ZsetValue) {
    result.compact();
    return result;
  }
  const { valueSettings } = keyspace;
  const { zsetMaxListpackEntries, zsetMaxListpackValue } = valueSettings;
  const isSmall =
    result.size <= zsetMaxListpackEntries && result.longestBytes <= zsetMaxListpackValue;
  // A listpack knows no −0: one that is to be left again must not have been there.
  const stored = isSmall ? new ZsetValue(valueSettings) : ZsetValue.indexed(valueSettings);
  for (const ref of result.inOrder()) {
    result.readMember(ref);
    const { windowBuffer, windowStart, windowEnd } = result;
    const score = result.scoreOf(ref);
    // To a listpack nothing need be known of what is there.
    if (isSmall) stored.insert(score, windowBuffer, windowStart, windowEnd);
    else stored.add(windowBuffer, windowStart, windowEnd, score);
  }
  return stored;
}

function storeCombined(call: Call, form: Form): void {
  const request = readRequest(call, { ...form, withScores: false }, 2);
  if (request === null) return;
  const result = newResult(call, request.sources);
  form.combine(request.sources, request.options, result);
  storeZset(call, toStore(call, result), call.command.fullName);
}

function zintercardCommand(call: Call): void {
  const request = readRequest(call, countForm, 1);
  if (request === null) return;
  let count = 0;
  eachCommon(bySize(request.sources), sum, () => ++count < request.options.limit);
  call.reply.integer(count);
}

// ---- the request ----

/** Reads the keys behind their number at `countIndex`, and the options; null after an error. */
function readRequest(
  call: Call,
  form: Form,
  countIndex: number,
): { sources: Source[]; options: Options } | null {
  const count = integerArgument(call, countIndex);
  if (Number.isNaN(count)) return null;
  if (count < 1) {
    call.error(`ERR at least 1 input key is needed for '${call.command.fullName}' command`);
    return null;
  }
  const end = countIndex + 1 + count;
  if (end > call.argc) return refuseSyntax(call);
  const sources: Source[] = [];
  for (let index = countIndex + 1; index < end; index++) {
    const source = readSource(call, index);
    if (source === null) return null;
    sources.push(source);
  }
  const options = readOptions(call, form, end, sources);
  return options === null ? null : { sources, options };
}

/** Null after an error. */
function readSource(call: Call, index: number): Source | null {
  const ref = call.lookupRead(index);
  if (ref === 0) return { value: null, weight: 1 };
  const { dict } = call.db;
  const value = dict.isCollection(ref) ? dict.value(ref) : null;
  if (value instanceof ZsetValue || value instanceof SetValue) return { value, weight: 1 };
  call.error(errorReplies.wrongType);
  return null;
}

/** Null after an error; weights go to their sources. */
function readOptions(
  call: Call,
  form: Form,
  first: number,
  sources: readonly Source[],
): Options | null {
  const options: Options = { aggregate: sum, withScores: false, limit: Infinity };
  for (let index = first; index < call.argc; index++) {
    const left = call.argc - index - 1;
    if (form.weighs && left >= sources.length && call.is(index, 'weights')) {
      for (const source of sources) {
        source.weight = scoreArgument(call, ++index, 'ERR weight value is not a float');
        if (Number.isNaN(source.weight)) return null;
      }
    } else if (form.weighs && left >= 1 && call.is(index, 'aggregate')) {
      const named = aggregates.find(([word]) => call.is(index + 1, word));
      if (named === undefined) return refuseSyntax(call);
      options.aggregate = named[1];
      index++;
    } else if (form.withScores && call.is(index, 'withscores')) {
      options.withScores = true;
    } else if (form.limits && left >= 1 && call.is(index, 'limit')) {
      const limit = integerFrom(call, ++index, 0, "ERR LIMIT can't be negative");
      if (Number.isNaN(limit)) return null;
      options.limit = limit === 0 ? Infinity : limit;
    } else {
      return refuseSyntax(call);
    }
  }
  return options;
}

function refuseSyntax(call: Call): null {
  call.syntaxError();
  return null;
}

// ---- the combinations; sums of floats depend on their order, which is Redis's ----

function unite(sources: readonly Source[], options: Options, result: Result): void {
  for (const { value, weight } of bySize(sources)) {
    eachMember(value, (bytes, start, end, score) => {
      const weighed = orZero(score * weight);
      const ref = result.find(bytes, start, end);
      if (ref === 0) result.insert(weighed, bytes, start, end);
      else {
        const old = result.scoreOf(ref);
        const combined = options.aggregate(old, weighed);
        // 0 in place of −0 is a change too.
        if (!Object.is(combined, old)) result.rescore(ref, combined);
      }
      return true;
    });
  }
}

function intersect(sources: readonly Source[], options: Options, result: Result): void {
  eachCommon(bySize(sources), options.aggregate, (bytes, start, end, score) => {
    result.add(bytes, start, end, score);
    return true;
  });
}

function subtract(sources: readonly Source[], _options: Options, result: Result): void {
  const [first, ...others] = sources;
  eachMember(first.value, (bytes, start, end, score) => {
    const shared = others.some(({ value }) => !Number.isNaN(scoreIn(value, bytes, start, end)));
    if (!shared) result.add(bytes, start, end, score);
    return true;
  });
}

/** Visits a member's bytes and score; false ends the visit. */
type Visit = (bytes: Buffer, start: number, end: number, score: number) => boolean;

/** Visits what all sources have; they come smallest first. */
function eachCommon(sources: readonly Source[], aggregate: Aggregate, visit: Visit): void {
  const [smallest, ...others] = sources;
  if (sizeOf(smallest) === 0) return;
  eachMember(smallest.value, (bytes, start, end, score) => {
    let combined = orZero(score * smallest.weight);
    for (const { value, weight } of others) {
      const other = scoreIn(value, bytes, start, end);
      if (Number.isNaN(other)) return true;
      combined = aggregate(combined, other * weight);
    }
    return visit(bytes, start, end, combined);
  });
}

function eachMember(value: SetValue | ZsetValue | null, visit: Visit): void {
  let going = true;
  if (value instanceof ZsetValue) {
    value.walk(0, (ref) => {
      if (!going) return false;
      const score = value.scoreOf(ref);
      value.readMember(ref);
      going = visit(value.windowBuffer, value.windowStart, value.windowEnd, score);
      return going;
    });
  } else {
    value?.walk(0, (ref) => {
      if (!going) return false;
      value.read(ref);
      going = visit(value.windowBuffer, value.windowStart, value.windowEnd, 1);
      return going;
    });
  }
}

/** The score of a member, NaN when it is none. */
function scoreIn(
  value: SetValue | ZsetValue | null,
  bytes: Buffer,
  start: number,
  end: number,
): number {
  if (value === null) return NaN;
  const ref = value.find(bytes, start, end);
  if (ref === 0) return NaN;
  return value instanceof ZsetValue ? value.scoreOf(ref) : 1;
}

function bySize(sources: readonly Source[]): Source[] {
  return sources.toSorted((a, b) => sizeOf(a) - sizeOf(b));
}

function sizeOf({ value }: Source): number {
  return value === null ? 0 : value.size;
}
