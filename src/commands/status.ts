/** `repl status`: the replication tree, what is wrong with it, and what to do. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { parseSeconds, timeoutFlag, TopologyCommand } from '../cli/topology-command.ts';
import type { Observation } from '../cli/observe.ts';
import type { StatusInput } from '../cli/views/status-view.ts';

const watchDefaultSeconds = 2;

export default class Status extends TopologyCommand {
  static override summary = 'Show the replication tree and what is wrong with it.';

  static override description = [
    'Looks at the lab, or at everything that can be found from the addresses: servers, or Sentinels that watch them. A dead node keeps its place in the tree.',
    'Nodes: * takes writes, + fine, ! has a problem, x does not answer, ? would not say.',
    'Links: ─ up, ~ on its way, x down, ? unknown.',
    'BEHIND is what the upstream has and the node has not, both read at one time; SEEN is the age of that.',
    'The first line names the worst problem; repl check --codes explains the names. Advice is about a bad day to come: with nothing worse the setup is healthy.',
    'Exit code: 0 healthy, 1 could not tell, 2 wrong command line, 3 degraded.',
    '--json prints one document (schema redis-repl/status, version 1); --schema prints its JSON schema.',
    "A live setup's password is taken from REPL_PASSWORD, or asked for.",
  ].join('\n\n');

  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status 10.0.0.5:6379 --json',
    '<%= config.bin %> status 10.0.0.5:6379 10.0.0.9:26379',
    '<%= config.bin %> status --watch 1',
  ];

  static override strict = false;

  static override args = {
    node: Args.string({
      description: 'a node of the lab, or host:port of live servers or Sentinels; one or several',
    }),
  };

  static override flags = {
    timeout: timeoutFlag(2, 'for all nodes together'),
    watch: Flags.string({
      char: 'w',
      helpValue: '[SECONDS]',
      description: `look again every ${watchDefaultSeconds} s, or as often as you say; q ends it`,
    }),
    schema: Flags.boolean({ description: 'print the JSON schema of --json' }),
  };

  async run(): Promise<unknown> {
    const { withWatchSeconds } = await import('../cli/watch.ts');
    const argv = withWatchSeconds(this.argv, watchDefaultSeconds);
    const { argv: words, flags } = await this.parse(Status, argv);
    if (flags.schema) {
      const { statusSchema } = await import('../cli/views/status-schema.ts');
      return this.printSchema(statusSchema);
    }
    this.throwIfWatchedAsJson(flags);
    const [{ judgeStatus }, { renderStatus }, { paintFor }] = await Promise.all([
      import('../cli/judge-status.ts'),
      import('../cli/views/status-view.ts'),
      import('../cli/views/paint.ts'),
    ]);
    const render = (input: StatusInput): string => renderStatus(input, paintFor(process.stdout));
    const first = await this.observe(flags, words.map(String));
    const input =
      flags.watch === undefined
        ? judgeStatus(first)
        : await this.#watch(first, {
            periodMs: parseSeconds(flags.watch, '--watch') * 1000,
            render,
          });
    if (flags.watch === undefined) this.write(render(input));
    const { exitCodeOf } = await import('../cli/judge-status.ts');
    this.endWith(exitCodeOf(input.verdict));
    if (!this.jsonEnabled()) return undefined;
    const { statusDocument } = await import('../cli/views/status-json.ts');
    return statusDocument(input);
  }

  async #watch(
    first: Observation,
    { periodMs, render }: { periodMs: number; render: (input: StatusInput) => string },
  ): Promise<StatusInput> {
    const [{ judgeStatus }, { processScreen, watch }] = await Promise.all([
      import('../cli/judge-status.ts'),
      import('../cli/watch.ts'),
    ]);
    const { clock } = first;
    const screen = processScreen(process.stdin, process.stdout);
    let fresh: Observation | undefined = first;
    const look = async (): Promise<StatusInput> => {
      const seen = fresh ?? (await first.again());
      fresh = undefined;
      return judgeStatus(seen);
    };
    return watch({ look, render, periodMs, clock, screen });
  }
}
