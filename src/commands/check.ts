/** `repl check`: everything that is wrong, by its code. */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { Observation } from '../cli/observe.ts';
import { parseSeconds, timeoutFlag, TopologyCommand } from '../cli/topology-command.ts';
import { pause } from '../util/clock.ts';

export default class Check extends TopologyCommand {
  static override summary = 'List everything that is wrong, with a code for each problem.';

  static override description = [
    'Looks twice at the lab, or at everything that can be found from the addresses, to see how fast things change.',
    'Exit code: 0 nothing found, 1 could not tell, 2 wrong command line, 3 found. Advice alone is 0, unless --code asks for it.',
    '--json prints one document (schema redis-repl/check, version 1); --schema prints its JSON schema.',
  ].join('\n\n');

  static override examples = [
    '<%= config.bin %> check',
    '<%= config.bin %> check 10.0.0.5:6379 --code auth-trap --code link-down',
    '<%= config.bin %> check --codes',
  ];

  static override strict = false;

  static override args = {
    node: Args.string({
      description: 'a node of the lab, or host:port of live servers or Sentinels; one or several',
    }),
  };

  static override flags = {
    timeout: timeoutFlag(2, 'for all nodes together, at each look'),
    code: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'CODE',
      description: 'only this problem; may be given more than once',
    }),
    codes: Flags.boolean({ description: 'list the codes and what each means' }),
    sample: Flags.string({
      default: '1',
      helpValue: 'SECONDS',
      description: 'the time between the two looks',
    }),
    schema: Flags.boolean({ description: 'print the JSON schema of --json' }),
  };

  async run(): Promise<unknown> {
    const { argv: words, flags } = await this.parse(Check);
    const [{ exitCodeOfCheck, judgeCheck, parseCodes }, views, { paintFor }] = await Promise.all([
      import('../cli/judge-check.ts'),
      import('../cli/views/check-view.ts'),
      import('../cli/views/paint.ts'),
    ]);
    const paint = paintFor(process.stdout);
    if (flags.schema) return this.printSchema(views.checkSchema);
    if (flags.codes) {
      this.write(views.renderCodes(paint));
      return views.codesDocument();
    }
    const codes = parseCodes(flags.code ?? []);
    const sampleMs = parseSeconds(flags.sample, '--sample') * 1000;
    const seen = await lookTwice(await this.observe(flags, words.map(String)), sampleMs);
    const input = judgeCheck(seen, codes);
    this.write(views.renderCheck(input, paint));
    this.endWith(exitCodeOfCheck(input));
    return views.checkDocument(input);
  }
}

async function lookTwice(first: Observation, sampleMs: number): Promise<Observation> {
  await pause(first.clock, sampleMs);
  return first.again();
}
