/**
 * LOLWUT: a picture of our own, a replication tree that grew by chance, and the version line that
 * every Redis puts below its art. `LOLWUT VERSION n [width]` is accepted; n changes nothing.
 */
import type { Random } from '../../util/random.ts';
import { errorReplies } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import type { CommandSpec } from '../command.ts';

export const lolwutRow: CommandSpec = {
  name: 'lolwut',
  arity: -1,
  flags: ['readonly', 'fast'],
  categories: [],
  group: 'server',
  since: '5.0.0',
  summary: 'Draws something, and tells the version.',
  complexity: 'O(1)',
  handler: lolwutCommand,
};

/** A tree of so many nodes fits any terminal. */
const nodeCount = 12;

function lolwutCommand(call: Call): void {
  const { server } = call;
  for (let index = 2; index < call.argc && call.is(1, 'version'); index++) {
    if (Number.isNaN(call.integer(index))) {
      call.error(errorReplies.notInteger);
      return;
    }
  }
  const art = drawTree(server.random).join('\n');
  call.reply.verbatim(`${art}\n\nEvery copy has an upstream. Redis ver. ${server.version}\n`);
}

interface Node {
  readonly name: string;
  readonly replicas: Node[];
}

function drawTree(random: Random): string[] {
  const nodes: Node[] = [{ name: 'master', replicas: [] }];
  while (nodes.length < nodeCount) {
    const node: Node = { name: 'replica', replicas: [] };
    nodes[Math.floor(random.float() * nodes.length)].replicas.push(node);
    nodes.push(node);
  }
  return drawNode(nodes[0], '', '');
}

function drawNode(node: Node, first: string, rest: string): string[] {
  const below = node.replicas.flatMap((replica, index) => {
    const last = index === node.replicas.length - 1;
    return drawNode(replica, rest + (last ? '└─ ' : '├─ '), rest + (last ? '   ' : '│  '));
  });
  return [`${first}● ${node.name}`, ...below];
}
