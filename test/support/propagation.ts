/**
 * Golden files of what goes to replicas: requests, and the commands that each makes a server
 * propagate, which must be those that Redis sends. UPDATE_GOLDEN=1 records a file anew from
 * redis-server 7.0.
 *
 *     ## a case           databases emptied, the connections new
 *     > SET k v EX 9      a request
 *     b| BLPOP k 0        a request on a connection named b that blocks until a later one serves it
 *     ~ SET k v PXAT …    what it makes a server propagate, a line for each command
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { quoteArg, splitArgs } from '../../src/redis-conf/split-args.ts';
import { expectGolden } from './golden.ts';
import { openReplicationStream, type ReplicationStream } from './replication-stream.ts';
import type { RespClient } from './resp-client.ts';
import type { RealKind } from './real-servers.ts';
import { useResources } from './resources.ts';
import { needServer } from './server-kinds.ts';
import type { TestServer } from './server-process.ts';
import { waitUntilBlocked } from './wait-until-blocked.ts';

const marker = 'the end of what a request propagates';

/** Defines the tests of the golden file at `url`, which is recorded from a server of this kind. */
export function testPropagation(url: URL, kind: RealKind = 'redis7'): void {
  const use = useResources();
  describe(`what goes to replicas, as in ${basename(fileURLToPath(url))}`, () => {
    test(`is as recorded, from ${kind}`, async (context) => {
      needServer(context, kind);
      const text = await play(url, await use.server(kind));
      expect(text).toContain('\n~ ');
      expectGolden(text, url);
    });

    test('is as recorded, from the bundled server', async () => {
      expect(await play(url, await use.server('bundled'))).toBe(readFileSync(url, 'utf8'));
    });
  });
}

/** The golden file with the streams that this server sends. */
async function play(url: URL, server: TestServer): Promise<string> {
  const fixture = {
    startedAtMs: Date.now(),
    stream: await openReplicationStream(server),
    marking: await server.connect(),
  };
  let client = await server.connect();
  const blocking = new Map<string, RespClient>();
  // A key past its time stays until a request meets it.
  await client.must('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  const lines: string[] = [];
  for (const line of readFileSync(url, 'utf8').trimEnd().split('\n')) {
    if (line.startsWith('~ ')) continue;
    lines.push(line);
    const blocked = /^(\w+)\| (.*)$/.exec(line);
    if (blocked !== null) {
      const [, name, request] = blocked;
      const waiting = blocking.get(name) ?? (await server.connect());
      blocking.set(name, waiting);
      waiting.send(...(splitArgs(request) ?? []));
      await waitUntilBlocked(client, waiting);
    } else if (line.startsWith('## ')) {
      for (const each of [client, ...blocking.values()]) each.close();
      blocking.clear();
      client = await server.connect();
      await propagatedBy(fixture, client, ['FLUSHALL']);
    } else if (line.startsWith('> ')) {
      const words = splitArgs(line.slice(2)) ?? [];
      for (const command of await propagatedBy(fixture, client, words)) {
        lines.push(`~ ${command.map((word) => show(word, fixture.startedAtMs)).join(' ')}`);
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

async function propagatedBy(
  { stream, marking }: { stream: ReplicationStream; marking: RespClient },
  client: RespClient,
  words: readonly string[],
): Promise<string[][]> {
  await client.command(...words);
  await marking.must('SET', marker, '');
  const commands = await stream.readUntilSet(marker);
  // The marker goes to database 0, and so may a SELECT before it.
  return commands.at(-1)?.[0] === 'SELECT' ? commands.slice(0, -1) : commands;
}

function show(word: string, startedAtMs: number): string {
  const [, time, rest] = /^(\d{13})(-\d+)?$/.exec(word) ?? [];
  const fromNowMs = Number(time) - startedAtMs;
  // The tests ask for times of 100,000 seconds and are over in less than one hundred.
  if (fromNowMs >= 0 && fromNowMs < 1e9) {
    return `<${Math.floor(fromNowMs / 100_000) * 100} s>${rest === undefined ? '' : '-n'}`;
  }
  return /^[\x21-\x7e]+$/.test(word) ? word : quoteArg(word);
}
