/** `repl reparent NODE… --to UPSTREAM`: lets nodes follow another node of the same setup. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { ChangeDocument } from '../cli/change/change-document.ts';
import { changeFlags, discardDataFlag, TopologyCommand } from '../cli/topology-command.ts';
import { exitCodes } from '../cli/exit-codes.ts';
import { OperatorError } from '../util/errors.ts';

export default class Reparent extends TopologyCommand {
  static override summary =
    'Let nodes follow another upstream; their own replicas stay below them.';

  static override description = [
    'A cycle, a node that would follow itself, and a node with data of another history are refused before anything is touched; the last only with --discard-data.',
    'Full copies are made one after the other, and each is waited for.',
  ].join('\n\n');

  static override examples = [
    '<%= config.bin %> reparent 6381 6382 --to 6380',
    '<%= config.bin %> reparent 6381 6380 --persist --yes',
  ];

  // More words than one argument: all are in `argv`.
  static override strict = false;

  static override args = {
    node: Args.string({
      required: true,
      description: 'the nodes to move; without --to, the last is the upstream',
    }),
  };

  static override flags = {
    ...changeFlags,
    to: Flags.string({ helpValue: 'UPSTREAM', description: 'whom they shall follow' }),
    'max-full-syncs': Flags.integer({
      default: 1,
      min: 1,
      helpValue: 'COUNT',
      description: 'full copies that may go on at the same time',
    }),
    wait: Flags.boolean({
      default: true,
      allowNo: true,
      description: 'wait until the links are up and the copies are made',
    }),
    'discard-data': discardDataFlag,
  };

  async run(): Promise<ChangeDocument> {
    const { argv, flags } = await this.parse(Reparent);
    const { nodes, upstream } = readWords(argv.map(String), flags.to);
    const before = await this.observe(flags, [...nodes, upstream]);
    return this.change(flags, {
      before,
      wanted: {
        kind: 'reparent',
        nodes: [...new Set(nodes.map((words) => before.find(words).id))],
        upstream: before.find(upstream).id,
        discardData: flags['discard-data'],
        maxFullSyncs: flags['max-full-syncs'],
        noWait: !flags.wait,
      },
      askWhen: 'always',
    });
  }
}

function readWords(words: readonly string[], to: string | undefined) {
  if (to !== undefined) return { nodes: words, upstream: to };
  if (words.length === 2) return { nodes: words.slice(0, 1), upstream: words[1] };
  throw new OperatorError('it is not said whom they shall follow', {
    hint: `repl reparent ${words.join(' ')} --to UPSTREAM`,
    exitCode: exitCodes.usage,
  });
}
