/** `repl verify`: do nodes hold the same data? */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { parseSeconds, timeoutFlag, TopologyCommand } from '../cli/topology-command.ts';
import type { VerifyOutcome } from '../cli/run-verify.ts';

export default class Verify extends TopologyCommand {
  static override summary = 'Compare the data of nodes, key by key; it only reads.';

  static override description = [
    'Without names every replica is compared with the node that it follows; with one name that node and those that follow it; with more the first with each other one.',
    'It finds keys that are missing or extra on the replica, or have another type, another value (of whatever length) or another time to live, in all databases.',
    'Writes may go on. A key that looks different is judged again at an offset that the replica has reached, and only when nobody touched it meanwhile: neither lag nor expiry is ever reported as a difference.',
    'Values are compared by DEBUG DIGEST-VALUE where both nodes allow it, otherwise by reading them, in pieces.',
    'Exit code: 0 equal, 6 different, 1 could not tell, 2 wrong command line, 130 stopped by Ctrl-C (then --resume goes on).',
    '--json prints one document with every different key (schema redis-repl/verify, version 1); --schema prints its JSON schema.',
  ].join('\n\n');

  static override examples = [
    '<%= config.bin %> verify',
    '<%= config.bin %> verify 6381 --rate 5000',
    '<%= config.bin %> verify 10.0.0.5:6379 10.0.0.6:6379 --json',
  ];

  static override strict = false;

  static override args = {
    node: Args.string({ description: 'nodes of the lab, or host:port of live servers' }),
  };

  static override flags = {
    timeout: timeoutFlag(10, 'how long to wait for an answer'),
    wait: Flags.string({
      default: '30',
      helpValue: 'SECONDS',
      description: 'how long a replica may take to catch up before its keys are judged',
    }),
    rate: Flags.integer({
      min: 1,
      helpValue: 'KEYS',
      description: 'ask the master about at most so many keys a second',
    }),
    'ttl-tolerance': Flags.integer({
      min: 0,
      default: 1000,
      helpValue: 'MS',
      description: 'times of expiry that are no further apart are the same',
    }),
    'no-digest': Flags.boolean({ description: 'read values, also where DEBUG is allowed' }),
    resume: Flags.boolean({ description: 'go on where a run that was broken off had come to' }),
    limit: Flags.integer({
      min: 1,
      default: 10_000,
      helpValue: 'KEYS',
      description: 'look no further after so many different keys of a pair',
    }),
    show: Flags.integer({
      min: 0,
      default: 20,
      helpValue: 'KEYS',
      description: 'how many different keys of a pair are listed',
    }),
    schema: Flags.boolean({ description: 'print the JSON schema of --json' }),
  };

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(Verify);
    if (flags.schema) {
      const { verifySchema } = await import('../cli/views/verify-json.ts');
      return this.printSchema(verifySchema);
    }
    const words = argv.map(String);
    const waitMs = parseSeconds(flags.wait, '--wait') * 1000;
    const seen = await this.observe(flags, words);
    const [{ runVerify, exitCodeOfVerify }, { openVerifyState }, { stateDir }, progress] =
      await Promise.all([
        import('../cli/run-verify.ts'),
        import('../cli/verify-state.ts'),
        import('../topology/change/journal.ts'),
        import('../cli/verify-progress.ts'),
      ]);
    const line = await progress.showVerifyProgress({
      quiet: this.jsonEnabled(),
      clock: seen.clock,
    });
    const { untilInterrupted } = await import('../cli/until-interrupted.ts');
    try {
      const outcome = await untilInterrupted((signal) =>
        runVerify(seen, {
          words,
          waitMs,
          timeoutMs: seen.timeoutMs,
          keysPerSecond: flags.rate,
          ttlToleranceMs: flags['ttl-tolerance'],
          compareBy: flags['no-digest'] ? 'elements' : 'auto',
          differencesLimit: flags.limit,
          resume: flags.resume,
          state: openVerifyState(stateDir(seen.lab?.dir, process.env)),
          signal,
          onProgress: (pair, progress) => line.show(pair, progress),
        }),
      );
      line.stop();
      this.endWith(exitCodeOfVerify(outcome));
      return await this.#print(outcome, flags.show);
    } finally {
      line.stop();
    }
  }

  async #print(outcome: VerifyOutcome, show: number): Promise<unknown> {
    const [{ renderVerify }, { verifyDocument }, { paintFor }] = await Promise.all([
      import('../cli/views/verify-view.ts'),
      import('../cli/views/verify-json.ts'),
      import('../cli/views/paint.ts'),
    ]);
    this.write(renderVerify(outcome, paintFor(process.stdout), { show }));
    return verifyDocument(outcome);
  }
}
