/**
 * What the commands that look at or change a live setup share: `--timeout`, the lab or the address
 * that is meant, the password, and for those that change it how they ask and end.
 */
import * as Flags from '@oclif/core/flags';
import type { Address } from '../instance/address.ts';
import type { Credentials } from '../instance/connection.ts';
import { OperatorError } from '../util/errors.ts';
import { BaseCommand } from './base-command.ts';
import type { ChangeDocument, ChangeOptions } from './change.ts';
import { exitCodes } from './exit-codes.ts';
import type { Lab, Observation } from './observe.ts';

export interface ObserveFlags {
  readonly lab?: string | undefined;
  /** Seconds, as typed. */
  readonly timeout: string;
}

export interface ChangeFlags extends ObserveFlags {
  readonly persist: boolean;
  readonly yes: boolean;
  readonly 'dry-run': boolean;
}

/** A deadline beyond this is a slip of the finger. */
const timeoutLimitSeconds = 3600;

/** `--timeout`, with a default in seconds. */
export function timeoutFlag(seconds: number, description: string) {
  return Flags.string({ default: String(seconds), helpValue: 'SECONDS', description });
}

/** The flags of every command that changes a live setup. */
export const changeFlags = {
  timeout: timeoutFlag(5, 'how long to wait for each server and each step'),
  persist: Flags.boolean({
    description: 'write it to the configuration files too, so that a restart keeps it',
  }),
  yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
  'dry-run': Flags.boolean({ description: 'print the steps and do nothing' }),
};

export abstract class TopologyCommand extends BaseCommand {
  /**
   * Looks at the lab, or at what is found from the addresses in `words`. A server that wants a
   * password, and was given none, is asked for on a terminal.
   */
  protected async observe(
    flags: ObserveFlags,
    words: readonly string[],
    extra: readonly Address[] = [],
  ): Promise<Observation> {
    const timeoutMs = parseSeconds(flags.timeout, '--timeout') * 1000;
    const [{ observe }, { systemClock }] = await Promise.all([
      import('./observe.ts'),
      import('../util/clock.ts'),
    ]);
    const lab = await this.findLab(flags, words);
    const request = { words, extra, lab, timeoutMs, clock: systemClock };
    const credentials = await credentialsFromEnvironment();
    const seen = await observe({ ...request, credentials });
    const wantsPassword = lab === undefined && seen.topology.nodes.some(isLockedOut);
    if (!wantsPassword || credentials.password !== undefined || this.jsonEnabled()) return seen;
    const { askPassword, canAsk } = await import('./ask.ts');
    if (!canAsk()) return seen;
    return observe({ ...request, credentials: { password: await askPassword('Password:') } });
  }

  /** The lab, when there is one; none is an error only where nothing else was named. */
  protected async findLab(
    flags: { readonly lab?: string | undefined },
    words: readonly string[],
  ): Promise<Lab | undefined> {
    const mayGoWithout = flags.lab === undefined && words.length > 0;
    const dir = await this.labDir(flags).catch((error: unknown) => {
      if (mayGoWithout && error instanceof OperatorError) return undefined;
      throw error;
    });
    if (dir === undefined) return undefined;
    const { loadSpec } = await import('../topology/spec.ts');
    return { dir, spec: await loadSpec(dir) };
  }

  /** Makes the change that `wanted` says, prints it, and sets the exit code. */
  protected async change(
    flags: ChangeFlags,
    what: Pick<ChangeOptions, 'before' | 'wanted' | 'askWhen'>,
  ): Promise<ChangeDocument> {
    const [{ runChange }, { paintFor }, ask] = await Promise.all([
      import('./change.ts'),
      import('./views/paint.ts'),
      import('./ask.ts'),
    ]);
    const mayAsk = ask.canAsk() && !this.jsonEnabled();
    const result = await runChange({
      ...what,
      persist: flags.persist,
      dryRun: flags['dry-run'],
      confirm: flags.yes ? () => Promise.resolve(true) : mayAsk ? ask.askToConfirm : undefined,
      write: (text) => this.write(text),
      paint: paintFor(process.stdout),
    });
    this.endWith(result.exitCode);
    // Under --json the document says it all.
    if (result.error !== undefined && !this.jsonEnabled()) throw result.error;
    return result.document;
  }
}

/** A positive number of seconds. Throws an OperatorError that names the flag. */
export function parseSeconds(text: string, flag: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && seconds > 0 && seconds <= timeoutLimitSeconds) return seconds;
  throw new OperatorError(`${flag} takes a number of seconds, not "${text}"`, {
    hint: `${flag} 2`,
    exitCode: exitCodes.usage,
  });
}

/** REPL_PASSWORD, and REPL_USER for a user of the ACL. Never from the command line. */
export async function credentialsFromEnvironment(): Promise<Credentials> {
  const { REPL_PASSWORD, REPL_USER } = process.env;
  const { Secret } = await import('../instance/secret.ts');
  return {
    ...(REPL_PASSWORD ? { password: new Secret(REPL_PASSWORD) } : {}),
    ...(REPL_USER ? { username: REPL_USER } : {}),
  };
}

function isLockedOut({ state }: Observation['topology']['nodes'][number]): boolean {
  return state.kind === 'down' && state.failure.kind === 'auth';
}
