/**
 * What start, stop and restart share: which nodes are meant, the engine, and how results are shown.
 * Everything heavy is loaded when it is used.
 */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { Lab, LabOptions } from '../lab/lab.ts';
import type { NodeSpec } from '../topology/spec.ts';
import { BaseCommand } from './base-command.ts';
import type { ExitCode } from './exit-codes.ts';
import type { AnyResult, NodeResultsDocument } from './node-results.ts';
import { untilInterrupted } from './until-interrupted.ts';

/** Any number of nodes. */
export const nodeArgs = {
  node: Args.string({ description: 'a name or a port of the lab; all its nodes without any' }),
};

export const engineFlag = Flags.string({
  helpValue: 'bundled|redis|valkey|PATH',
  description: "run the nodes with another program than the lab's, this once",
});

export interface ChosenNodes {
  readonly lab: Lab;
  readonly nodes: readonly NodeSpec[];
}

export interface StartOptions {
  readonly engine?: string | undefined;
  /** How long links may take to come up; 0: they are not waited for. */
  readonly linksLimitMs?: number;
}

/** Three tries of a replica. One that copies for longer, or cannot come in, is not waited for. */
const linksLimit = 3000;

export abstract class NodeCommand extends BaseCommand {
  protected async chooseNodes(
    flags: { readonly lab?: string | undefined },
    words: readonly unknown[],
  ): Promise<ChosenNodes> {
    const { chooseNodes, openLab } = await import('../lab/lab.ts');
    const lab = await openLab(await this.labDir(flags));
    return { lab, nodes: chooseNodes(lab, words.map(String)) };
  }

  /** Throws an OperatorError when this machine lacks the program that runs the nodes. */
  protected async requireEngine(
    { lab }: ChosenNodes,
    { engine }: { readonly engine?: string | undefined },
  ): Promise<void> {
    const { requireEngine } = await import('../lab/lab.ts');
    await requireEngine(lab, engine);
  }

  /** Starts them, masters first, waits for their links, and prints what happened. */
  protected async start(
    { lab, nodes }: ChosenNodes,
    { engine, linksLimitMs = linksLimit }: StartOptions = {},
  ): Promise<AnyResult[]> {
    const { startNodes } = await import('../lab/lab.ts');
    const results = await this.#withProgress('starting', (options) =>
      startNodes(lab, nodes, { ...options, engine }),
    );
    await this.#awaitLinks(lab, results, linksLimitMs);
    return results;
  }

  /** Stops them, replicas first, and prints what happened. */
  protected async stop({ lab, nodes }: ChosenNodes): Promise<AnyResult[]> {
    const { stopNodes } = await import('../lab/lab.ts');
    return this.#withProgress('stopping', (options) => stopNodes(lab, nodes, options));
  }

  /**
   * The end of the command: throws about nodes that failed, or that Ctrl-C left out; under `--json`
   * the document says it.
   */
  protected async endWithResults(
    { lab, nodes }: ChosenNodes,
    { verb, results }: { readonly verb: 'start' | 'stop'; readonly results: readonly AnyResult[] },
  ): Promise<NodeResultsDocument> {
    const { failureOf, interruptionOf, nodeResultsDocument } = await import('./node-results.ts');
    const failure = failureOf(verb, results) ?? interruptionOf(nodes, results);
    if (failure !== undefined && !this.jsonEnabled()) throw failure;
    if (failure !== undefined) this.endWith(failure.exitCode as ExitCode);
    return nodeResultsDocument(lab.dir, results);
  }

  /** A replica tries once a second: before that, a look would show a broken link. */
  async #awaitLinks(lab: Lab, results: readonly AnyResult[], limitMs: number): Promise<void> {
    const started = results.filter(({ outcome }) => outcome.kind === 'started');
    if (started.length === 0 || limitMs === 0) return;
    const names = started.map(({ node }) => node.name);
    const [{ awaitLinks, pendingLinks }, { renderPendingLinks }] = await Promise.all([
      import('./await-links.ts'),
      import('./node-results.ts'),
    ]);
    const { topology } = await untilInterrupted((signal) =>
      awaitLinks(lab, { limitMs, names, signal }),
    );
    this.write(renderPendingLinks(topology, pendingLinks(topology, names)));
  }

  async #withProgress(
    verb: string,
    run: (options: LabOptions) => Promise<AnyResult[]>,
  ): Promise<AnyResult[]> {
    const [{ showProgress }, { systemClock }, { renderNodeResults }, { paintFor }] =
      await Promise.all([
        import('./progress.ts'),
        import('../util/clock.ts'),
        import('./node-results.ts'),
        import('./views/paint.ts'),
      ]);
    const progress = await showProgress(verb, { quiet: this.jsonEnabled() });
    try {
      const onStep: LabOptions['onStep'] = (node, outcome) =>
        progress.step(node, outcome !== undefined);
      const results = await untilInterrupted((signal) =>
        run({ clock: systemClock, onStep, signal }),
      );
      progress.stop();
      this.write(renderNodeResults(results, paintFor(process.stdout)));
      return results;
    } finally {
      progress.stop();
    }
  }
}
