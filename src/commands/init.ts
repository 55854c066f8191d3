/** `repl init PORT…`: writes a lab; with `--start` runs it and shows its status. */
import * as Args from '@oclif/core/args';
import { initFlags } from '../cli/init-flags.ts';
import type { InitDocument } from '../cli/init-view.ts';
import { NodeCommand } from '../cli/node-command.ts';
import type { LabPlan, PlannedFile } from '../lab/scaffold.ts';

/** How long links may take to come up after the nodes are up. */
const linksLimitMs = 15_000;

export default class Init extends NodeCommand {
  static override summary = 'Write a lab: an inventory, and a directory for every node.';

  static override description = [
    'The first port is the master, the others are its replicas; 6381:6380 makes 6381 a replica of 6380. Without ports, on a terminal, it asks.',
    'Nothing is written unless everything fits: free ports, a free place, a server to run. The configuration files are ordinary ones: redis-server starts from them unchanged.',
  ].join('\n\n');

  static override examples = [
    '<%= config.bin %> init 6379 6380 6381 --start',
    '<%= config.bin %> init 6379 6380 6381:6380 --dir chain',
    '<%= config.bin %> init 6379 6380 --engine redis --dry-run',
  ];

  // More words than one argument: all are in `argv`.
  static override strict = false;

  static override args = {
    port: Args.string({ description: 'PORT, or PORT:UPSTREAM; one for each node' }),
  };

  static override flags = initFlags;

  async run(): Promise<InitDocument> {
    const { argv, flags } = await this.parse(Init);
    const [
      { readWishes },
      { planLab, renderLab, withoutSecrets },
      { preflight },
      { throwRefusals },
    ] = await Promise.all([
      import('../cli/init-wishes.ts'),
      import('../lab/scaffold.ts'),
      import('../lab/preflight.ts'),
      import('../cli/refusals.ts'),
    ]);
    const wishes = await readWishes(argv.map(String), flags, { json: this.jsonEnabled() });
    const plan = planLab(wishes);
    throwRefusals(await preflight(plan, flags));
    const dryRun = flags['dry-run'];
    const files = renderLab(dryRun ? withoutSecrets(plan) : plan);
    const { labDir: lab, spec } = plan;
    const { findKeptData } = await import('../lab/kept-data.ts');
    const document: InitDocument = {
      schema: 'redis-repl/init',
      version: 1,
      lab,
      engine: spec.engine,
      dryRun,
      nodes: spec.nodes,
      kept: await findKeptData(plan),
      files: files.map(({ path, text }) => (dryRun ? { path, text } : { path })),
    };
    if (dryRun) return this.#showDryRun(document, plan, files);
    const { writeLab } = await import('../lab/write-lab.ts');
    await writeLab(lab, files);
    return this.#afterWriting(document, { plan, files, start: wishes.start });
  }

  async #showDryRun(
    document: InitDocument,
    plan: LabPlan,
    files: readonly PlannedFile[],
  ): Promise<InitDocument> {
    const { renderDryRun } = await import('../cli/init-view.ts');
    this.writeAsIs(renderDryRun(plan, files));
    return document;
  }

  async #afterWriting(
    document: InitDocument,
    { plan, files, start }: { plan: LabPlan; files: readonly PlannedFile[]; start: boolean },
  ): Promise<InitDocument> {
    const [{ renderNextSteps, renderWritten }, { programName }, { paintFor }] = await Promise.all([
      import('../cli/init-view.ts'),
      import('../cli/program-name.ts'),
      import('../cli/views/paint.ts'),
    ]);
    this.write(renderWritten(plan, { files, kept: document.kept }));
    const ran = start ? await this.#run(plan) : {};
    const cwd = process.cwd();
    const program = programName(process.argv[1], cwd);
    const paint = paintFor(process.stdout);
    this.write(renderNextSteps(plan, { program, cwd, started: start, paint }));
    return { ...document, ...ran };
  }

  /** Starts all nodes, waits for the links, shows the tree; its verdict is the exit code. */
  async #run({ labDir, spec }: LabPlan): Promise<Pick<InitDocument, 'started' | 'status'>> {
    const chosen = { lab: { dir: labDir, spec }, nodes: spec.nodes };
    this.write('\n');
    const results = await this.start(chosen, { linksLimitMs: 0 });
    const { nodes: started } = await this.endWithResults(chosen, { verb: 'start', results });
    if (process.exitCode !== undefined) return { started };
    const { showStatus } = await import('../cli/show-status.ts');
    this.write('\n');
    const { exitCode, document: status } = await showStatus(chosen.lab, {
      linksLimitMs,
      write: (text) => this.write(text),
    });
    this.endWith(exitCode);
    return { started, status };
  }
}
