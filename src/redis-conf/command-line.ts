/**
 * What redis-server's command line asks for, as the configuration text that Redis makes of it.
 * Called by the bundled server's entry. Pure; reads no file.
 *
 *   repl-server [conf file | -] [--directive value …]… [-]
 */
import { quoteArg, splitArgs } from './split-args.ts';

export type CommandLine =
  | { readonly kind: 'version' }
  | { readonly kind: 'help' }
  /** Something that redis-server does and the bundled server does not. */
  | { readonly kind: 'refused'; readonly because: string }
  | CommandLineRun;

export interface CommandLineRun {
  readonly kind: 'run';
  /** As typed; null for none. */
  readonly confFile: string | null;
  /** A `-` as the first or the last argument: more configuration comes from standard input. */
  readonly confFromStdin: boolean;
  /** The options as configuration lines, one byte per character; empty for none. */
  readonly optionsText: string;
}

const refusals: Readonly<Record<string, string>> = {
  '--test-memory': 'the bundled server has no memory test: use redis-server --test-memory',
  '--check-system': 'the bundled server has no system check: use redis-server --check-system',
};

/** `argv` without the interpreter and the script. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const first = argv[0] ?? '';
  if (first === '-v' || first === '--version') return { kind: 'version' };
  if (first === '-h' || first === '--help') return { kind: 'help' };
  if (Object.hasOwn(refusals, first)) return { kind: 'refused', because: refusals[first] };
  if (argv.includes('--sentinel')) {
    return {
      kind: 'refused',
      because: 'the bundled server has no Sentinel mode: use redis-sentinel',
    };
  }
  const confFile = first !== '' && !first.startsWith('-') ? first : null;
  const rest = argv.slice(confFile === null && first !== '' ? 0 : 1);
  const confFromStdin = first === '-' || rest.at(-1) === '-';
  if (first === '-') rest.shift();
  else if (confFromStdin) rest.pop();
  return { kind: 'run', confFile, confFromStdin, optionsText: optionsText(rest) };
}

/**
 * One line per option. The word behind an option's name is its value even where it starts with
 * `--`; further words are values until the next `--`. `--save` alone means `save ""` [7.0].
 */
function optionsText(args: readonly string[]): string {
  const lines: string[] = [];
  let mustBeValue = false;
  for (const [index, arg] of args.entries()) {
    if (!arg.startsWith('--') || mustBeValue) {
      if (lines.length === 0) lines.push('');
      lines[lines.length - 1] += `${lines.at(-1) === '' ? '' : ' '}${quoteArg(toBytes(arg))}`;
      mustBeValue = false;
      continue;
    }
    const option = toBytes(arg.slice(2));
    const emptySave = arg.toLowerCase() === '--save' && (args[index + 1] ?? '--').startsWith('--');
    lines.push(emptySave ? `${option} ""` : option);
    mustBeValue = !emptySave && (splitArgs(option)?.length ?? 0) <= 1;
  }
  return lines.join('\n');
}

/** The argument's UTF-8 bytes, one per character. */
function toBytes(arg: string): string {
  return Buffer.from(arg, 'utf8').toString('latin1');
}

/** What `--help` prints: the shapes of the command line, under the program's name. */
export function usageText(program = 'repl-server'): string {
  return [
    `Usage: ${program} [redis.conf] [--directive value …] [-]`,
    '',
    `  ${program}                                        the defaults`,
    `  ${program} redis6379.conf                         a configuration file`,
    `  ${program} redis6379.conf --port 6380             a file, and directives that win over it`,
    `  ${program} --port 6380 --replicaof "127.0.0.1 6379"`,
    `  echo 'maxmemory 128mb' | ${program} -             configuration from standard input`,
    `  ${program} -v | --version, -h | --help`,
    '',
  ].join('\n');
}
