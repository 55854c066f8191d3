/**
 * Golden transcripts: requests, and the very bytes that a real server answered. A file is replayed
 * against our server in RESP2 and RESP3, whether or not there is a real one on the machine, and
 * against redis-server 7.0 where there is one, so that a recording cannot go stale. To make or
 * change one, write the requests and run its test with UPDATE_GOLDEN=1.
 *
 *     ## SET answers the old value          a case: databases emptied, connections new
 *     > SET k v GET                         a request, words quoted as redis-cli takes them
 *     2< $-1                                its reply in RESP2, a line for each line
 *     3< _                                  and in RESP3
 *     b> GET k                              a request on another connection, named b
 *     < $1                                  a reply that is the same in both
 *     < v
 *     b>                                    no request: what comes next on that connection unasked
 *     b| BLPOP k 0                          a request that is not answered at once: it blocks
 *
 * Some answers count seconds, and a stall of the machine may show in them: a case that was answered
 * otherwise is played again, a few times, before it counts as different.
 *
 * Lines before the first case, comments (`# …`) and blank lines stay as they are.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { splitArgs } from '../../src/redis-conf/split-args.ts';
import { expectGolden } from './golden.ts';
import type { RealKind } from './real-servers.ts';
import { useResources } from './resources.ts';
import { encodeCommand, type RespClient } from './resp-client.ts';
import { needServer } from './server-kinds.ts';
import type { ServerOptions, TestServer } from './server-process.ts';
import { waitUntilBlocked } from './wait-until-blocked.ts';

const protocols = [2, 3] as const;
type Protocol = (typeof protocols)[number];

/** Stalls that fall on the same second twice in a row are rare; three times, nearly never. */
const maxPlays = 4;

interface Step {
  /** The line as it was written. */
  readonly request: string;
  /** The connection it goes over. */
  readonly client: string;
  /** Empty where only the next frame is awaited: a message, or the reply's second part. */
  readonly words: readonly string[];
  /** Its reply comes with a later step; the next one waits until the server holds it back. */
  readonly blocks: boolean;
  /** The lines of the reply, escaped; none before the first recording. */
  readonly replies: Record<Protocol, readonly string[]>;
}

interface Case {
  readonly title: string;
  /** Requests with their replies, and comments and blank lines as they are. */
  readonly parts: readonly (Step | string)[];
}

interface Transcript {
  readonly preamble: readonly string[];
  readonly cases: readonly Case[];
}

/**
 * Defines the tests of the transcript at `url`: one for the recording, which is of a server of this
 * kind, one for each case.
 */
export function testTranscript(
  url: URL,
  options: ServerOptions = {},
  kind: RealKind = 'redis7',
): void {
  const path = fileURLToPath(url);
  const load = (): Transcript => parseTranscript(readFileSync(path, 'utf8'));
  const use = useResources('file');
  describe(`the transcript ${basename(path)}`, () => {
    test(`is what ${kind} answers`, async (context) => {
      needServer(context, kind);
      const played = await playAll(await use.server(kind, options), load());
      expect(played.cases).not.toHaveLength(0);
      expectGolden(printTranscript(played), url);
    });

    let ours: Promise<TestServer> | undefined;
    load().cases.forEach(({ title }, index) => {
      test(`${title}, as recorded`, async () => {
        ours ??= use.server('bundled', options);
        const recorded = load().cases[index];
        const played = await playUntilSame(await ours, recorded);
        expect(printCase(played)).toBe(printCase(recorded));
      });
    });
  });
}

async function playAll(server: TestServer, transcript: Transcript): Promise<Transcript> {
  const cases: Case[] = [];
  for (const recorded of transcript.cases) cases.push(await playUntilSame(server, recorded));
  return { ...transcript, cases };
}

async function playUntilSame(server: TestServer, recorded: Case): Promise<Case> {
  const wanted = printCase(recorded);
  let played = await playCase(server, recorded);
  for (let plays = 1; plays < maxPlays && printCase(played) !== wanted; plays++) {
    played = await playCase(server, recorded);
  }
  return played;
}

async function playCase(server: TestServer, recorded: Case): Promise<Case> {
  const lines = {
    2: await playSteps(server, recorded, 2),
    3: await playSteps(server, recorded, 3),
  };
  let step = 0;
  const parts = recorded.parts.map((part) => {
    if (typeof part === 'string') return part;
    const replies = { 2: lines[2][step], 3: lines[3][step] };
    step++;
    return { ...part, replies };
  });
  return { ...recorded, parts };
}

/** The reply lines of each step, in order. */
async function playSteps(
  server: TestServer,
  recorded: Case,
  protocol: Protocol,
): Promise<string[][]> {
  const clients = new Map<string, RespClient>();
  const replies: string[][] = [];
  const fresh = await server.connect();
  await fresh.must('FLUSHALL');
  // A key past its time stays until a request meets it.
  await fresh.must('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  try {
    for (const step of recorded.parts) {
      if (typeof step === 'string') continue;
      const client = clients.get(step.client) ?? (await server.connect({ protocol }));
      clients.set(step.client, client);
      const request = step.words.length === 0 ? '' : encodeCommand(step.words);
      if (step.blocks) {
        client.sendRaw(request);
        await waitUntilBlocked(fresh, client);
        replies.push([]);
      } else {
        replies.push(linesOf(await client.exchange(request)));
      }
    }
  } finally {
    fresh.close();
    for (const client of clients.values()) client.close();
  }
  return replies;
}

function linesOf(reply: Buffer): string[] {
  const text = reply.toString('latin1');
  return text.slice(0, -2).split('\r\n').map(escape);
}

function escape(line: string): string {
  return line.replace(/[^\x20-\x7e]|\\/g, (char) =>
    char === '\\' ? '\\\\' : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

export function parseTranscript(text: string): Transcript {
  const preamble: (Step | string)[] = [];
  const cases: { title: string; parts: (Step | string)[] }[] = [];
  let step: Step | undefined;
  for (const line of text.replace(/\n$/, '').split('\n')) {
    const parts = cases.at(-1)?.parts ?? preamble;
    const reply = /^([23]?)< ?(.*)$/.exec(line);
    const request = /^(\w*)([>|])(?: (.*))?$/.exec(line);
    if (line.startsWith('## ')) {
      cases.push({ title: line.slice(3), parts: [] });
    } else if (reply !== null && step !== undefined) {
      step = withReplyLine(step, reply[1], reply[2]);
      parts[parts.length - 1] = step;
    } else if (request !== null) {
      step = parseRequest(line, request[1], request[3] ?? '', request[2] === '|');
      parts.push(step);
    } else {
      parts.push(line);
    }
  }
  return { preamble: preamble.filter((line) => typeof line === 'string'), cases };
}

function parseRequest(request: string, client: string, text: string, blocks: boolean): Step {
  const words = splitArgs(text);
  if (words === null) throw new Error(`unbalanced quotes: ${request}`);
  return { request, client, words, blocks, replies: { 2: [], 3: [] } };
}

function withReplyLine(step: Step, protocol: string, line: string): Step {
  const replies = { ...step.replies };
  for (const each of protocols) {
    if (protocol === '' || protocol === String(each)) replies[each] = [...replies[each], line];
  }
  return { ...step, replies };
}

export function printTranscript({ preamble, cases }: Transcript): string {
  const text = [...preamble, ...cases.map(printCase)].join('\n');
  return `${text}\n`;
}

function printCase({ title, parts }: Case): string {
  const lines = parts.flatMap((part) => (typeof part === 'string' ? [part] : printStep(part)));
  return [`## ${title}`, ...lines].join('\n');
}

function printStep({ request, replies }: Step): string[] {
  const same = replies[2].join('\n') === replies[3].join('\n');
  if (same) return [request, ...replies[2].map((line) => `< ${line}`)];
  return [
    request,
    ...replies[2].map((line) => `2< ${line}`),
    ...replies[3].map((line) => `3< ${line}`),
  ];
}
