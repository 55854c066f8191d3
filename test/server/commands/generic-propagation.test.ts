/**
 * What goes to replicas must be what Redis sends. The requests and what each makes a server
 * propagate are in the golden file; UPDATE_GOLDEN=1 records it anew from redis-server.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { quoteArg, splitArgs } from '../../../src/redis-conf/split-args.ts';
import { expectGolden } from '../../support/golden.ts';
import { openReplicationStream, type ReplicationStream } from '../../support/replication-stream.ts';
import type { RespClient } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { needServer, type ServerKind } from '../../support/server-kinds.ts';

const url = new URL('../../transcripts/commands/generic-propagation.txt', import.meta.url);
const use = useResources();
const marker = 'the end of what a request propagates';

describe('what goes to replicas', () => {
  test('is as recorded, from redis-server', async (context) => {
    needServer(context, 'redis7');
    const text = await play('redis7');
    expect(text).toContain('~ SET');
    expectGolden(text, url);
  });

  test('is as recorded, from the bundled server', async () => {
    expect(await play('bundled')).toBe(readFileSync(url, 'utf8'));
  });
});

/** The golden file with the streams that this kind of server sends. */
async function play(kind: ServerKind): Promise<string> {
  const server = await use.server(kind);
  const fixture = {
    startedAtMs: Date.now(),
    stream: await openReplicationStream(server),
    marking: await server.connect(),
  };
  let client = await server.connect();
  // A key past its time stays until a request meets it.
  await client.must('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  const lines: string[] = [];
  for (const line of readFileSync(url, 'utf8').trimEnd().split('\n')) {
    if (line.startsWith('~ ')) continue;
    lines.push(line);
    if (line.startsWith('## ')) {
      client.close();
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
  const fromNowMs = Number(word) - startedAtMs;
  // The tests ask for times of 100,000 seconds and are over in less than one hundred.
  if (/^\d{13}$/.test(word) && fromNowMs > 0 && fromNowMs < 1e9) {
    return `<${Math.floor(fromNowMs / 100_000) * 100} s>`;
  }
  return /^[\x21-\x7e]+$/.test(word) ? word : quoteArg(word);
}
