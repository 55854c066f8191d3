/** `repl lag`: how late each replica is, in milliseconds and bytes, without writing anything. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { Observation } from '../cli/observe.ts';
import { parseSeconds, timeoutFlag, TopologyCommand } from '../cli/topology-command.ts';
import type { LagInput } from '../cli/views/lag-view.ts';

const watchDefaultSeconds = 2;

export default class Lag extends TopologyCommand {
  static override summary = 'Show how late each replica is, in milliseconds and bytes.';

  static override description = [
    'LAG is the time since the upstream went past the offset of the replica; LAG TOP the same against the top of the chain.',
    'Nothing is written: offsets of all nodes are read some fifty times a second for a moment. ± is how far off a number can be.',
    '"over 5.0 s" means: further behind than the upstream was when the look began. --wait looks longer; --watch goes on.',
    'On a master without writes the lag is 0 as soon as the offsets are equal.',
    'Exit code: 0 every lag is known, 1 one could not be told, 2 wrong command line.',
    '--json prints one document (schema redis-repl/lag, version 1); --schema prints its JSON schema.',
  ].join('\n\n');

  static override examples = [
    '<%= config.bin %> lag',
    '<%= config.bin %> lag 6381 --wait 30',
    '<%= config.bin %> lag --watch 1',
  ];

  static override strict = false;

  static override args = {
    node: Args.string({
      description: 'nodes of the lab, or host:port of live servers; all without any',
    }),
  };

  static override flags = {
    timeout: timeoutFlag(2, 'for all nodes together, and then for each answer'),
    wait: Flags.string({
      default: '5',
      helpValue: 'SECONDS',
      description: 'how long to look for the lag of a replica that is far behind',
    }),
    watch: Flags.string({
      char: 'w',
      helpValue: '[SECONDS]',
      description: `draw again every ${watchDefaultSeconds} s, or as often as you say; q ends it`,
    }),
    schema: Flags.boolean({ description: 'print the JSON schema of --json' }),
  };

  async run(): Promise<unknown> {
    const { withWatchSeconds } = await import('../cli/watch.ts');
    const argv = withWatchSeconds(this.argv, watchDefaultSeconds);
    const { argv: words, flags } = await this.parse(Lag, argv);
    if (flags.schema) {
      const { lagSchema } = await import('../cli/views/lag-json.ts');
      return this.printSchema(lagSchema);
    }
    this.throwIfWatchedAsJson(flags);
    const waitMs = parseSeconds(flags.wait, '--wait') * 1000;
    const periodMs =
      flags.watch === undefined ? undefined : parseSeconds(flags.watch, '--watch') * 1000;
    const seen = await this.observe(flags, words.map(String));
    const input = await this.#measure(seen, { words: words.map(String), waitMs, periodMs });
    const { isLagKnown } = await import('../cli/measure-lag.ts');
    this.endWith(isLagKnown(input) ? 0 : 1);
    if (!this.jsonEnabled()) return undefined;
    const { lagDocument } = await import('../cli/views/lag-json.ts');
    return lagDocument(input);
  }

  /** Once, or again and again until the user ends it; prints, and returns what was seen last. */
  async #measure(
    seen: Observation,
    wanted: { words: readonly string[]; waitMs: number; periodMs: number | undefined },
  ): Promise<LagInput> {
    const [{ startLagLook }, { renderLag }, { paintFor }] = await Promise.all([
      import('../cli/measure-lag.ts'),
      import('../cli/views/lag-view.ts'),
      import('../cli/views/paint.ts'),
    ]);
    const { periodMs } = wanted;
    const render = (input: LagInput): string => renderLag(input, paintFor(process.stdout));
    const lagLook = startLagLook(seen, wanted.words);
    try {
      const first = await lagLook.once(periodMs === undefined ? wanted.waitMs : 0);
      if (periodMs === undefined) {
        this.write(render(first));
        return first;
      }
      const { processScreen, watch } = await import('../cli/watch.ts');
      const screen = processScreen(process.stdin, process.stdout);
      return await watch({
        look: () => lagLook.again(),
        render,
        periodMs,
        clock: seen.clock,
        screen,
      });
    } finally {
      lagLook.close();
    }
  }
}
