/**
 * What `repl init` says: which files it wrote (or would write) and what to type next. Pure.
 */
import { join, relative } from 'node:path';
import type { LabPlan, PlannedFile } from '../lab/scaffold.ts';
import { specFileName, type NodeSpec } from '../topology/spec.ts';
import { shellWord } from '../util/shell-word.ts';
import type { NodeResultDocument } from './node-results.ts';
import type { Paint } from './views/paint.ts';
import type { StatusDocument } from './views/status-json.ts';

/** What `--json` shows of init. A field is added without a new version. */
export interface InitDocument {
  readonly schema: 'redis-repl/init';
  readonly version: 1;
  /** The lab's directory. */
  readonly lab: string;
  readonly engine: string;
  /** True: nothing was written. */
  readonly dryRun: boolean;
  readonly nodes: readonly NodeSpec[];
  /** Paths inside the lab; of a dry run with their text, passwords blacked out. */
  readonly files: readonly { readonly path: string; readonly text?: string }[];
  /** Data of an earlier lab that its nodes will load. */
  readonly kept: readonly string[];
  /** With `--start`: what `repl start` and `repl status` say. */
  readonly started?: readonly NodeResultDocument[];
  readonly status?: StatusDocument;
}

/** All files as they would be written; each begins with a line that names it. */
export function renderDryRun({ labDir }: LabPlan, files: readonly PlannedFile[]): string {
  const parts = files.map(({ path, text }) => `==> ${join(labDir, path)}\n${text}\n`);
  return `${parts.join('')}Nothing was written. Passwords are blacked out here.\n`;
}

/** The files, one per line, with what each is. */
export function renderWritten(
  { labDir, spec }: LabPlan,
  { files, kept }: { readonly files: readonly PlannedFile[]; readonly kept: readonly string[] },
): string {
  const roles = new Map(spec.nodes.map((node) => [node.dir, roleOf(node)]));
  const width = Math.max(...files.map(({ path }) => path.length));
  const lines = files.map(({ path }) => {
    const role = path === specFileName ? 'the inventory' : roles.get(path.split('/')[0]);
    return `  ${path.padEnd(width)}  ${role}\n`;
  });
  const keptLines = kept.map((path) => `Kept ${path}: its node loads it when it starts.\n`);
  return [`Wrote a lab of ${spec.nodes.length} into ${labDir}\n`, ...lines, ...keptLines].join('');
}

/** The next commands to type. `program` is how the user calls us, `cwd` where they stand. */
export function renderNextSteps(
  { labDir, spec }: LabPlan,
  {
    program,
    cwd,
    started,
    paint,
  }: {
    readonly program: string;
    readonly cwd: string;
    readonly started: boolean;
    readonly paint: Paint;
  },
): string {
  const lab = labDir === cwd ? '' : ` --lab ${shellWord(relative(cwd, labDir) || labDir)}`;
  const replica = spec.nodes.find(({ replicaof }) => replicaof !== undefined);
  const steps = started
    ? [
        [`${program} status${lab}`, 'look again; --watch keeps looking'],
        ...(replica === undefined
          ? []
          : [[`${program} promote ${replica.port}${lab}`, `make ${replica.name} the master`]]),
        [`${program} stop${lab}`, 'end all nodes'],
      ]
    : [
        [`${program} start${lab}`, 'run all nodes'],
        [`${program} status${lab}`, 'see who follows whom'],
      ];
  const width = Math.max(...steps.map(([command]) => command.length));
  const lines = steps.map(
    ([command, what]) => `  ${command.padEnd(width)}  ${paint('dim', what)}\n`,
  );
  return `\nNext:\n${lines.join('')}${passwordNote(spec.password !== undefined)}`;
}

function passwordNote(hasPassword: boolean): string {
  if (!hasPassword) return '';
  return `The password stands in ${specFileName}; redis-cli takes it from REDISCLI_AUTH.\n`;
}

function roleOf({ replicaof }: NodeSpec): string {
  return replicaof === undefined ? 'the master' : `follows ${replicaof}`;
}
