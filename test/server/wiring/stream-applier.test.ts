/** The master's stream, cut anywhere: what is applied, and how many bytes of it count as applied. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReplyWriter } from '../../../src/protocol/reply-writer.ts';
import { BlockedRunner } from '../../../src/server/blocked-runner.ts';
import { CommandTable } from '../../../src/server/command-table.ts';
import { CommandTimer } from '../../../src/server/command-timer.ts';
import { allCommands } from '../../../src/server/commands/index.ts';
import { Config } from '../../../src/server/config.ts';
import { Dispatcher } from '../../../src/server/dispatch.ts';
import { StreamError } from '../../../src/server/replication/ports.ts';
import { BundledServer } from '../../../src/server/server.ts';
import { MasterStreamApplier } from '../../../src/server/wiring/stream-applier.ts';
import { cut } from '../../rdb/collect.ts';
import { quietEnvironment } from '../../support/quiet-environment.ts';
import { encodeCommand, type RespArg } from '../../support/resp-client.ts';
import { FakeClock } from '../replication/support/fake-clock.ts';

interface Rig {
  applier: MasterStreamApplier;
  log: string[];
  /** `db/key` → value. */
  content: () => Record<string, string>;
}

function newRig(): Rig {
  const clock = new FakeClock();
  const log: string[] = [];
  const config = Config.fromText('databases 4');
  const write = (line: string): void => void log.push(line);
  const { context } = new BundledServer(quietEnvironment({ clock, config, write }));
  const reply = new ReplyWriter({ onFull: () => undefined, onLarge: () => undefined });
  const table = new CommandTable(allCommands);
  const { slowlog, latency } = context;
  const timer = new CommandTimer({ clock, config, slowlog, latency });
  const dispatcher = new Dispatcher({
    server: context,
    table,
    reply,
    blockedRunner: new BlockedRunner(context, timer),
    timer,
    flushReplies: () => undefined,
  });
  const applier = new MasterStreamApplier(
    () => context,
    () => dispatcher,
  );
  const content = (): Record<string, string> => {
    const found: Record<string, string> = {};
    for (const { id, dict } of context.keyspace.databases) {
      dict.walk(0, (ref) => {
        found[`${id}/${dict.key(ref).toString()}`] = dict.stringValue(ref).toString();
        return true;
      });
    }
    return found;
  };
  return { applier, log, content };
}

const stream = (...commands: RespArg[][]): Buffer => Buffer.concat(commands.map(encodeCommand));
const begin = { selectedDb: 0, master: 'm:1' };

describe('the stream', () => {
  const head = stream(
    ['SELECT', 2],
    ['SET', 'a', '1'],
    ['PING'],
    ['APPEND', 'a', 'x'.repeat(5000)],
  );
  const transaction = stream(['MULTI'], ['SET', 'b', '2'], ['SELECT', 1], ['INCR', 'b'], ['EXEC']);
  const tail = stream(['SET', 'c', '3'], ['REPLCONF', 'GETACK', '*']);
  const whole = Buffer.concat([head, transaction, tail]);

  test('cut anywhere is applied once and counted in whole commands and transactions', () => {
    const property = fc.property(fc.array(fc.nat(whole.length), { maxLength: 30 }), (places) => {
      const { applier, content } = newRig();
      applier.begin(begin);
      let fed = 0;
      let applied = 0;
      for (const piece of cut(whole, places)) {
        fed += piece.length;
        const chunk = Buffer.from(piece);
        applied += applier.apply(chunk);
        chunk.fill(0x2a);
        expect(applied).toBeLessThanOrEqual(fed);
        // Between MULTI and EXEC nothing counts.
        const inTransaction = applied > head.length && applied < head.length + transaction.length;
        expect(inTransaction).toBe(false);
      }
      expect(applied).toBe(whole.length);
      expect(applier.selectedDb).toBe(1);
      expect(content()).toEqual({
        '2/a': `1${'x'.repeat(5000)}`,
        '2/b': '2',
        '1/b': '1',
        '1/c': '3',
      });
    });
    fc.assert(property, { numRuns: 60 });
  });

  test('byte by byte', () => {
    const { applier, content } = newRig();
    applier.begin(begin);
    let applied = 0;
    for (let at = 0; at < whole.length; at++) applied += applier.apply(whole.subarray(at, at + 1));
    expect(applied).toBe(whole.length);
    expect(content()['1/c']).toBe('3');
  });

  test('that breaks off forgets what was not applied; the master sends it again', () => {
    const { applier, content } = newRig();
    applier.begin(begin);
    const broken = Buffer.concat([head, transaction.subarray(0, transaction.length - 3)]);
    expect(applier.apply(broken)).toBe(head.length);
    expect(applier.selectedDb).toBe(2);
    applier.end();
    expect(Object.keys(content())).toEqual(['2/a']);
    applier.begin({ ...begin, selectedDb: applier.selectedDb });
    expect(applier.apply(transaction)).toBe(transaction.length);
    expect(content()).toMatchObject({ '2/b': '2', '1/b': '1' });
  });

  test.each([
    'no RESP: *1\r\n!oops\r\n',
    'a request in plain text: SET a 2\r\n',
    'an error: -ERR what now\r\n',
    'the rest of a value: lue\r\n*1\r\n$4\r\nPING\r\n',
  ])('that goes on with %j says how far it was right', (what) => {
    const { applier, content } = newRig();
    applier.begin(begin);
    const right = Buffer.concat([stream(['SET', 'a', '1']), Buffer.from('\r\n\n')]);
    let thrown: unknown;
    try {
      applier.apply(Buffer.concat([right, Buffer.from(what.slice(what.indexOf(': ') + 2))]));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(StreamError);
    expect((thrown as StreamError).appliedBytes).toBe(right.length);
    expect(content()).toEqual({ '0/a': '1' });
  });

  test('knows keys that are past their time: the master decides', () => {
    const { applier, content } = newRig();
    applier.begin(begin);
    applier.apply(stream(['SET', 'k', '5', 'PXAT', 1], ['INCR', 'k'], ['PERSIST', 'k']));
    expect(content()).toEqual({ '0/k': '6' });
  });

  test('with a command that we do not know is logged, and goes on', () => {
    const { applier, content, log } = newRig();
    applier.begin(begin);
    const bytes = stream(['NEWFANGLED', 'k'], ['SET', 'a', '1']);
    expect(applier.apply(bytes)).toBe(bytes.length);
    expect(content()).toEqual({ '0/a': '1' });
    expect(log.at(-1)).toMatch(
      /# == CRITICAL == This replica is sending an error to its master: '-ERR unknown command 'NEWFANGLED'/,
    );
  });
});
