/**
 * What the commands that look at or change a live setup share: `--timeout`, the lab or the address
 * that is meant, the password, and for those that change it how they ask and end.
 */
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { Address } from '../instance/address.ts';
import type { Credentials } from '../instance/connection.ts';
import type { Tls } from '../instance/tls.ts';
import { OperatorError } from '../util/errors.ts';
import { shellWord } from '../util/shell-word.ts';
import { BaseCommand } from './base-command.ts';
import type { Direction, RecordedNode } from '../topology/change/change-record.ts';
import type { Fence } from '../topology/model.ts';
import type { Wanted } from '../topology/plan/plan.ts';
import type { ChangeDocument, ChangeResult } from './change/change-document.ts';
import type { ChangeOptions } from './change/run-change.ts';
import { exitCodes } from './exit-codes.ts';
import type { Observation } from './observe.ts';
import type { Lab } from './resolve-seeds.ts';

/** How to get in where no inventory says it. */
export interface AccessFlags {
  readonly tls?: boolean | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface ObserveFlags extends AccessFlags {
  readonly lab?: string | undefined;
  /** Seconds, as typed. */
  readonly timeout: string;
}

export interface AgainFlags extends ObserveFlags {
  readonly yes: boolean;
  readonly 'no-lock': boolean;
}

export interface ChangeFlags extends AgainFlags {
  readonly persist: boolean;
  readonly 'dry-run': boolean;
  readonly out?: string | undefined;
  readonly 'skip-check'?: readonly string[] | undefined;
}

/** Which unfinished change. */
export const againArgs = {
  id: Args.string({ description: 'the change, where several are unfinished (repl history)' }),
};

/** A deadline beyond this is a slip of the finger. */
const timeoutLimitSeconds = 3600;

/** `--timeout`, with a default in seconds. */
export function timeoutFlag(seconds: number, description: string) {
  return Flags.string({ default: String(seconds), helpValue: 'SECONDS', description });
}

/** The flags of every command that touches a live setup. */
export const againFlags = {
  timeout: timeoutFlag(5, 'how long to wait for each server and each step'),
  yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
  'no-lock': Flags.boolean({
    description: 'do not keep others from changing the same setup meanwhile',
  }),
};

/** The flags of every command that plans a change. */
export const changeFlags = {
  ...againFlags,
  persist: Flags.boolean({
    description: 'write it to the configuration files too, so that a restart keeps it',
  }),
  'dry-run': Flags.boolean({ description: 'print the steps and do nothing' }),
  'skip-check': Flags.string({
    multiple: true,
    helpValue: 'NAME',
    description:
      'leave out a check of the preflight whose no is known and accepted; its name is printed with it',
  }),
  out: Flags.string({
    helpValue: 'FILE',
    description: 'save the plan instead of running it; repl apply FILE runs it',
  }),
};

/** For the verbs that refuse to clear data that is not the new upstream's. */
export const discardDataFlag = Flags.boolean({
  description: 'also where that destroys data of another history',
});

const tlsFlag = (name: string, description: string) =>
  Flags.string({
    helpValue: 'FILE',
    env: `REPL_TLS_${name}`,
    description,
    helpGroup: 'GLOBAL',
  });

export abstract class TopologyCommand extends BaseCommand {
  static override baseFlags = {
    ...BaseCommand.baseFlags,
    tls: Flags.boolean({
      env: 'REPL_TLS',
      description: 'talk TLS to servers that are given by address',
      helpGroup: 'GLOBAL',
    }),
    ca: tlsFlag('CA', 'who signs the certificates of the servers; implies --tls'),
    cert: tlsFlag('CERT', 'our certificate, for servers that want one'),
    key: tlsFlag('KEY', 'the key of our certificate'),
  };

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
    const [{ observe, observeFenced }, { systemClock }] = await Promise.all([
      import('./observe.ts'),
      import('../util/clock.ts'),
    ]);
    const lab = await this.findLab(flags, [...words, ...extra]);
    const credentials = await credentialsFor(flags);
    const fences = await this.#readFences(lab);
    const request = { words, extra, lab, timeoutMs, clock: systemClock, fences };
    const seen = await observeFenced({ ...request, credentials });
    const known = seen.lab?.spec.password ?? credentials.password;
    const lockedOut = seen.topology.nodes.find(isLockedOut);
    if (known !== undefined || lockedOut === undefined) return seen;
    const { askPassword, canAsk } = await import('./ask.ts');
    if (!canAsk() || this.jsonEnabled()) return seen;
    const password = await askPassword(`Password of ${lockedOut.name}:`);
    return observe({ ...request, credentials: { ...credentials, password } });
  }

  async #readFences(lab: Lab | undefined): Promise<readonly Fence[]> {
    const [{ readFences }, { stateDir }] = await Promise.all([
      import('../topology/change/fence.ts'),
      import('../topology/change/journal.ts'),
    ]);
    return readFences(stateDir(lab?.dir, process.env));
  }

  /** A screen that is drawn again and again is no document. */
  protected throwIfWatchedAsJson({ watch }: { readonly watch?: string | undefined }): void {
    if (watch === undefined || !this.jsonEnabled()) return;
    throw new OperatorError('--watch and --json do not go together', {
      hint: `run repl ${this.id} --json again and again`,
      exitCode: exitCodes.usage,
    });
  }

  /** The lab, when there is one; none is an error only where nothing else was named. */
  protected async findLab(
    flags: { readonly lab?: string | undefined },
    named: readonly unknown[],
  ): Promise<Lab | undefined> {
    const dir = await (named.length > 0 ? this.labDirIfAny(flags) : this.labDir(flags));
    if (dir === undefined) return undefined;
    const { loadSpec } = await import('../topology/spec.ts');
    return { dir, spec: await loadSpec(dir) };
  }

  /** Makes the change that `wanted` says, prints it, and sets the exit code. */
  protected async change(
    flags: ChangeFlags,
    what: Pick<ChangeOptions, 'before' | 'askWhen'> & { readonly wanted: Wanted },
  ): Promise<ChangeDocument> {
    const { wanted, ...rest } = what;
    const [{ planChange }, { nodeOf }] = await Promise.all([
      import('../topology/plan/plan.ts'),
      import('../topology/model.ts'),
    ]);
    const { persist } = flags;
    const plan: ChangeOptions['plan'] = (topology, abilities) =>
      planChange(topology, wanted, { persist, ...(abilities && { abilities }) });
    const isForced = wanted.kind === 'promote' && wanted.force === true;
    const master = isForced ? nodeOf(rest.before.topology, wanted.node) : undefined;
    // Nobody is to be forced once there is a new master.
    const again = `${master === undefined ? this.typed() : `repl promote ${master.name}`} --persist`;
    const persistHint = `A restart goes back to the configuration files; to keep the change: ${again}`;
    return this.runChange(flags, { ...rest, plan, persistHint });
  }

  /** Shows a plan, asks, carries it out, and sets the exit code. */
  protected async runChange(
    flags: ChangeFlags,
    what: Pick<ChangeOptions, 'before' | 'askWhen' | 'plan' | 'persistHint' | 'fingerprint'>,
  ): Promise<ChangeDocument> {
    const { runChange } = await import('./change/run-change.ts');
    const { persist, out } = flags;
    return this.#untilStopped(async (signal) => {
      const common = await this.changeOptions(flags, what.before, signal);
      const skipChecks = flags['skip-check'] ?? [];
      return runChange({ ...what, ...common, persist, dryRun: flags['dry-run'], out, skipChecks });
    });
  }

  /** Takes up the change with that id, or the only one that was left in the middle. */
  protected async takeUp(
    flags: AgainFlags,
    id: string | undefined,
    direction: Direction,
  ): Promise<ChangeDocument> {
    const [{ readRecords, stateDir }, { findOpenRecord }, { runAgain }] = await Promise.all([
      import('../topology/change/journal.ts'),
      import('./change/find-record.ts'),
      import('./change/resume-change.ts'),
    ]);
    const lab = (await this.labDirIfAny(flags)) ?? null;
    const records = await readRecords(stateDir(lab ?? undefined, process.env));
    const record = findOpenRecord(records, id);
    const before = await this.observeRecorded(flags, { lab, nodes: record.begin.nodes });
    return this.#untilStopped(async (signal) =>
      runAgain({ record, direction, before, ...(await this.changeOptions(flags, before, signal)) }),
    );
  }

  /** Looks at the nodes that were written down, wherever a lab's inventory does not name them. */
  protected observeRecorded(
    flags: ObserveFlags,
    { lab, nodes }: { lab: string | null; nodes: readonly RecordedNode[] },
  ): Promise<Observation> {
    const addresses = nodes.map(({ address }) => address);
    return this.observe({ ...flags, lab: lab ?? undefined }, [], addresses);
  }

  /** What was typed, for people. There is no secret in it: none is taken from the command line. */
  protected typed(): string {
    return ['repl', this.id ?? '', ...this.argv].map(shellWord).join(' ');
  }

  private async changeOptions(
    flags: AgainFlags,
    { lab }: Observation,
    signal: AbortSignal,
  ): Promise<CommonOptions> {
    const [{ paintFor }, { canAsk, askToConfirm }, { stateDir }] = await Promise.all([
      import('./views/paint.ts'),
      import('./ask.ts'),
      import('../topology/change/journal.ts'),
    ]);
    const mayAsk = canAsk() && !this.jsonEnabled();
    return {
      command: this.typed(),
      locks: !flags['no-lock'],
      stateDir: stateDir(lab?.dir, process.env),
      confirm: flags.yes ? () => Promise.resolve(true) : mayAsk ? askToConfirm : undefined,
      write: (text) => this.write(text),
      paint: paintFor(process.stdout),
      random: Math.random,
      signal,
    };
  }

  /** The first Ctrl-C asks the change to stop where it can; the second one ends the process. */
  async #untilStopped(
    run: (signal: AbortSignal) => Promise<ChangeResult>,
  ): Promise<ChangeDocument> {
    const { untilInterrupted } = await import('./until-interrupted.ts');
    const { exitCode, document, error } = await untilInterrupted(run, () => {
      process.stderr.write('\nstopping at the next safe point; Ctrl-C again ends repl at once\n');
    });
    this.endWith(exitCode);
    // Under --json the document says it all.
    if (error !== undefined && !this.jsonEnabled()) throw error;
    return document;
  }
}

type CommonOptions = Pick<
  ChangeOptions,
  'command' | 'locks' | 'stateDir' | 'confirm' | 'write' | 'paint' | 'random' | 'signal'
>;

/** A positive number of seconds. Throws an OperatorError that names the flag. */
export function parseSeconds(text: string, flag: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && seconds > 0 && seconds <= timeoutLimitSeconds) return seconds;
  throw new OperatorError(`${flag} takes a number of seconds, not "${text}"`, {
    hint: `${flag} 2`,
    exitCode: exitCodes.usage,
  });
}

/**
 * REPL_PASSWORD, and REPL_USER for a user of the ACL: never from the command line. Throws an
 * OperatorError where the flags of TLS name a file that cannot be read, or half of a pair.
 */
export async function credentialsFor(flags: AccessFlags): Promise<Credentials> {
  const { REPL_PASSWORD, REPL_USER } = process.env;
  const [{ Secret }, tls] = await Promise.all([import('../instance/secret.ts'), tlsFrom(flags)]);
  return {
    ...(REPL_PASSWORD ? { password: new Secret(REPL_PASSWORD) } : {}),
    ...(REPL_USER ? { username: REPL_USER } : {}),
    ...(tls === undefined ? {} : { tls }),
  };
}

async function tlsFrom({ tls, ca, cert, key }: AccessFlags): Promise<Tls | undefined> {
  if (!tls && (ca ?? cert ?? key) === undefined) return undefined;
  if ((cert === undefined) !== (key === undefined)) {
    throw new OperatorError('--cert and --key go together', {
      hint: '--cert our.crt --key our.key',
      exitCode: exitCodes.usage,
    });
  }
  const { readTls } = await import('../instance/tls.ts');
  return readTls({ ca, cert, key });
}

function isLockedOut({ state }: Observation['topology']['nodes'][number]): boolean {
  return state.kind === 'down' && state.failure.kind === 'auth';
}
