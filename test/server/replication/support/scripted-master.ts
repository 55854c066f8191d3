/**
 * A master that says what a script tells it to, and a record of the conversation: every byte that
 * the replica sends, every reply, every state and log line in between. For golden transcripts.
 */
import type { MasterAddress } from '../../../../src/server/replication/ports.ts';
import type { Settings, ToyNode, World } from './toy-node.ts';
import { World as NewWorld, parseFrame } from './toy-node.ts';

/** What to answer to a command, by its first words: `PSYNC`, `REPLCONF capa`. */
export type Script = Readonly<Record<string, Reply>>;

type Reply =
  | string
  /** Say this (or nothing) and close the connection. */
  | { readonly close: string };

export interface TranscriptCase {
  readonly settings?: Partial<Settings>;
  /** Without one nobody listens. */
  readonly script?: Script;
  /** The replica was a replica of this history up to this offset before. */
  readonly before?: { readonly replid: string; readonly offset: number };
  /** Seconds that pass after the conversation came to rest. */
  readonly thenSeconds?: number;
}

export const goodScript: Script = {
  PING: '+PONG',
  AUTH: '+OK',
  REPLCONF: '+OK',
};

const masterAddress: MasterAddress = { host: '127.0.0.1', port: 7000 };

/** Plays one connection of a replica to the scripted master; returns the record as text. */
export async function playTranscript({
  settings = {},
  script,
  before,
  thenSeconds = 0,
}: TranscriptCase): Promise<string> {
  const world = new NewWorld();
  const lines: string[] = [];
  const node = world.node(6380, settings);
  if (before !== undefined) {
    node.replication.restore(
      { replId: before.replid, replOffset: before.offset, replStreamDb: 0 },
      { asReplica: true },
    );
  }
  if (script !== undefined) listenOnce(world, node, script, lines);
  node.replication.replicaof(masterAddress);
  await world.settle();
  lines.push(...newLog(node));
  if (thenSeconds > 0) {
    await world.passSeconds(thenSeconds);
    lines.push(`… ${thenSeconds} seconds later`, ...newLog(node));
  }
  lines.push('', ...summary(node));
  return `${lines.join('\n')}\n`;
}

/** The second connection is refused, so that a transcript shows one attempt. */
function listenOnce(world: World, node: ToyNode, script: Script, lines: string[]): void {
  const listener = world.network.listen(masterAddress.port, ({ wire }) => {
    listener.stop();
    let input = Buffer.alloc(0);
    return {
      onConnect: () => undefined,
      onClose: (reason) => lines.push(...newLog(node), `the replica is gone: ${reason}`),
      onData: (chunk) => {
        input = Buffer.concat([input, chunk]);
        for (let frame = parseFrame(input); frame !== undefined; frame = parseFrame(input)) {
          const sent = input.subarray(0, frame.end);
          input = input.subarray(frame.end);
          lines.push(
            ...newLog(node),
            `replica → ${escape(sent)}   [${node.replication.linkState}]`,
          );
          answer(replyTo(script, frame.words));
        }
      },
    };

    function answer(reply: Reply | undefined): void {
      if (reply === undefined) return;
      const text = typeof reply === 'string' ? reply : reply.close;
      // A reply without a line end of its own gets one, as all but the RDB have.
      const bytes = Buffer.from(text === '' || text.includes('\n') ? text : `${text}\r\n`);
      if (bytes.length > 0) {
        lines.push(`master  → ${escape(bytes)}`);
        wire.write(bytes);
      }
      if (typeof reply === 'string') return;
      lines.push('master  closes the connection');
      wire.destroy();
    }
  });
}

function replyTo(script: Script, words: readonly string[]): Reply | undefined {
  if (words[1] === 'ACK') return undefined;
  return script[words.slice(0, 2).join(' ')] ?? script[words[0]];
}

let shown = new WeakMap<ToyNode, number>();

/** Log lines since the last call. */
function newLog(node: ToyNode): string[] {
  const from = shown.get(node) ?? 0;
  shown = shown.set(node, node.log.length);
  return node.log.slice(from).map((line) => `          log ${line}`);
}

function summary(node: ToyNode): string[] {
  const names = ['master_link_status', 'master_replid', 'master_replid2', 'slave_repl_offset'];
  return [
    `link state: ${node.replication.linkState}`,
    ...names.map((name) => `${name}: ${node.info(name)}`),
    `data: ${node.dump()}`,
  ];
}

function escape(bytes: Uint8Array): string {
  return JSON.stringify(Buffer.from(bytes).toString('latin1')).slice(1, -1);
}
