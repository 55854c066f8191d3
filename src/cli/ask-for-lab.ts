/**
 * The questions of `repl init` without ports on a terminal. Inquirer is loaded here and nowhere
 * else for it. Answers are checked while they are typed, so that nobody starts over.
 */
import inquirer from 'inquirer';
import { Secret } from '../instance/secret.ts';
import { findEngine, nameEngine } from '../lab/engine.ts';
import { parsePortWords, type PortPlan } from '../lab/port-words.ts';
import { checkPorts } from '../lab/preflight.ts';
import { planLab, type LabPlan, type LabWishes } from '../lab/scaffold.ts';
import type { InitFlags } from './init-flags.ts';
import { judgePassword } from './password.ts';

export interface LabAnswers {
  readonly ports: readonly PortPlan[];
  readonly engine: string;
  /** Whether the nodes ask for a password; `password` is undefined where one is to be made. */
  readonly auth: boolean;
  readonly password: Secret | undefined;
  readonly start: boolean;
}

/** As inquirer hands them over; undefined where a question was not put. */
interface RawAnswers {
  ports: string;
  shape: 'star' | 'chain' | undefined;
  auth: 'make' | 'type' | 'none' | undefined;
  password: string | undefined;
  engine: string | undefined;
  start: boolean | undefined;
}

/** Asks until all answers are good. Rejects when the user presses Ctrl-C. */
export async function askForLab(flags: InitFlags, bind: readonly string[]): Promise<LabAnswers> {
  const engines = await presentEngines();
  const answers = await inquirer.prompt<RawAnswers>([
    {
      type: 'input',
      name: 'ports',
      message: 'Ports, one for each node; the first is the master:',
      default: '6379 6380 6381',
      validate: (text: string) => judgePorts(text, bind),
    },
    {
      type: 'select',
      name: 'shape',
      message: 'Who follows whom?',
      choices: [
        { value: 'star', name: 'star   all follow the first' },
        { value: 'chain', name: 'chain  each follows the one before it' },
      ],
      when: ({ ports = '' }) => wordsOf(ports).length > 2 && !ports.includes(':'),
    },
    {
      type: 'select',
      name: 'auth',
      message: 'Password?',
      choices: [
        { value: 'make', name: 'make one for me' },
        { value: 'type', name: 'let me type one' },
        { value: 'none', name: 'none (only sensible on 127.0.0.1)' },
      ],
      when: () => flags.password === undefined && !flags['no-auth'],
    },
    {
      type: 'password',
      name: 'password',
      message: 'The password:',
      mask: '*',
      when: ({ auth }) => auth === 'type',
      validate: (text: string) => sentence(judgePassword(text)),
    },
    {
      type: 'select',
      name: 'engine',
      message: 'Which server?',
      choices: engines,
      when: () => engines.length > 1 && flags.engine === 'bundled',
    },
    {
      type: 'confirm',
      name: 'start',
      message: 'Start it now?',
      default: true,
      when: () => !flags.start,
    },
  ]);
  return toAnswers(answers, flags);
}

function toAnswers(raw: RawAnswers, flags: InitFlags): LabAnswers {
  const words = wordsOf(raw.ports);
  const chained = words.map((word, index) => (index === 0 ? word : `${word}:${words[index - 1]}`));
  const parsed = parsePortWords(raw.shape === 'chain' ? chained : words);
  const typed = raw.password ?? flags.password;
  return {
    ports: parsed.kind === 'ok' ? parsed.plans : [],
    engine: nameEngine(raw.engine ?? flags.engine, process.cwd()),
    auth: raw.auth !== 'none' && !flags['no-auth'],
    password: typed === undefined ? undefined : new Secret(typed),
    start: raw.start ?? flags.start,
  };
}

async function judgePorts(text: string, bind: readonly string[]): Promise<true | string> {
  const words = wordsOf(text);
  if (words.length === 0) return 'at least one port';
  const parsed = parsePortWords(words);
  const refusals =
    parsed.kind === 'ok'
      ? await checkPorts(layOut({ ports: parsed.plans, bind }))
      : parsed.refusals;
  return refusals.length === 0 || refusals.map(({ message }) => message).join('; ');
}

/** The ports as a lab of which nothing else is known yet. */
function layOut(wishes: Pick<LabWishes, 'ports' | 'bind'>): LabPlan {
  return planLab({ ...wishes, labDir: '', engine: 'bundled', password: undefined });
}

function sentence(wrong: string | undefined): true | string {
  return wrong === undefined || `it ${wrong}`;
}

function wordsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

/** Those that this machine can run; ours first. */
async function presentEngines(): Promise<{ value: string; name: string }[]> {
  const all = [
    { value: 'bundled', name: 'bundled  comes with repl, nothing to install' },
    { value: 'redis', name: 'redis    redis-server of this machine' },
    { value: 'valkey', name: 'valkey   valkey-server of this machine' },
  ];
  const found = await Promise.all(all.map(({ value }) => findEngine(value)));
  return all.filter((_, index) => found[index].kind === 'found');
}
