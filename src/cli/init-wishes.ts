/**
 * What the user wants of `repl init`, from wherever it comes: arguments, the environment, stdin, or
 * questions on a terminal. Called by the init command; nothing is checked against the machine here.
 */
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Secret } from '../instance/secret.ts';
import { nameEngine } from '../lab/engine.ts';
import { parsePortWords, type PortPlan } from '../lab/port-words.ts';
import type { LabWishes } from '../lab/scaffold.ts';
import { OperatorError } from '../util/errors.ts';
import { systemRandom } from '../util/random.ts';
import { canAsk } from './ask.ts';
import { exitCodes } from './exit-codes.ts';
import type { InitFlags } from './init-flags.ts';
import { judgePassword, makePassword } from './password.ts';
import { throwRefusals } from './refusals.ts';

export interface InitWishes extends LabWishes {
  readonly start: boolean;
}

/** Throws an OperatorError with exit code 2 where the ports are missing or wrong. */
export async function readWishes(
  words: readonly string[],
  flags: InitFlags,
  { json }: { json: boolean },
): Promise<InitWishes> {
  const cwd = process.cwd();
  const labDir = resolve(cwd, flags.dir ?? flags.lab ?? '.');
  const bind = flags.bind.split(/[\s,]+/).filter((word) => word !== '');
  if (words.length === 0 && canAsk() && !json) {
    const [{ askForLab }, { checkLab }] = await Promise.all([
      import('./ask-for-lab.ts'),
      import('../lab/preflight.ts'),
    ]);
    throwRefusals((await checkLab(labDir, flags)) ?? []);
    const answers = await askForLab(flags, bind);
    const password = answers.password ?? (answers.auth ? makePassword(systemRandom) : undefined);
    const { ports, engine, start } = answers;
    return { labDir, ports, engine, password, bind, start };
  }
  const engine = nameEngine(flags.engine, cwd);
  const ports = readPorts(words);
  const password = await readPassword(flags);
  return { labDir, ports, engine, password, bind, start: flags.start };
}

function readPorts(words: readonly string[]): readonly PortPlan[] {
  if (words.length === 0) {
    throw new OperatorError('the ports are missing', {
      cause: 'init wants one PORT for each node; the first is the master',
      hint: 'repl init 6379 6380 6381',
      exitCode: exitCodes.usage,
    });
  }
  const parsed = parsePortWords(words);
  if (parsed.kind === 'ok') return parsed.plans;
  throwRefusals(parsed.refusals);
  return [];
}

/** The flag wins over the environment; without either a password is made. */
async function readPassword(flags: InitFlags): Promise<Secret | undefined> {
  if (flags['no-auth'] && flags.password !== undefined) {
    // Checked here: oclif would print the password in its complaint.
    throw new OperatorError('--no-auth and --password exclude each other', {
      hint: 'leave one of them away',
      exitCode: exitCodes.usage,
    });
  }
  if (flags['no-auth']) return undefined;
  const typed = flags.password ?? process.env.REPL_PASSWORD;
  if (typed === undefined) return makePassword(systemRandom);
  const password = typed === '-' ? await readFirstLine() : typed;
  const wrong = judgePassword(password);
  if (wrong === undefined) return new Secret(password);
  throw new OperatorError(`the password ${wrong}`, {
    hint: 'leave --password away to have one made, or say --no-auth',
    exitCode: exitCodes.usage,
  });
}

async function readFirstLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  try {
    for await (const line of lines) return line;
    return '';
  } finally {
    lines.close();
  }
}
