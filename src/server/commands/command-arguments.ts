/**
 * Reads what arguments a command takes out of command-arguments-table.ts, when somebody asks: COMMAND
 * DOCS. A command is a line and those behind it that are indented:
 *
 *     command   = name { argument }
 *     argument  = name [ "." type ] [ "=" token ] [ "@" since ] [ "~" deprecated-since ] flags [ parts ]
 *     type      = "k" index of its key spec | i(nteger) | d(ouble) | p(attern) | u(nix-time) | t(oken)
 *     token     = the word before it, in quotes where it is an odd one; a token's own is its name
 *     flags     = [ "?" ] [ "*" ] [ "+" ]        optional, multiple, its token each time
 *     parts     = "(" one of these ")" | "{" all of these "}"
 *
 * Without a type and parts it is a string.
 */
import { assert } from '../../util/errors.ts';
import { commandArgumentsTable } from './command-arguments-table.ts';

/** The columns of COMMAND DOCS, undefined where there is nothing to say. */
export interface CommandArgument {
  readonly name: string;
  readonly type: string;
  readonly keySpecIndex: number | undefined;
  readonly token: string | undefined;
  readonly since: string | undefined;
  readonly deprecatedSince: string | undefined;
  readonly flags: readonly string[];
  readonly parts: readonly CommandArgument[];
}

const typesByLetter: Readonly<Record<string, string>> = {
  k: 'key',
  i: 'integer',
  d: 'double',
  p: 'pattern',
  u: 'unix-time',
  t: 'pure-token',
};
const flagsByLetter: Readonly<Record<string, string>> = {
  '?': 'optional',
  '*': 'multiple',
  '+': 'multiple_token',
};
const argumentPattern =
  /([\w:/-]+)(?:\.([a-z])(\d*))?(?:=(?:"([^"]*)"|([A-Z0-9-]+)))?(?:@([\d.]+))?(?:~([\d.]+))?([?*+]*)([({]?)/y;

export class CommandArguments {
  readonly #lines: ReadonlyMap<string, string>;

  constructor() {
    const lines = commandArgumentsTable.replaceAll('\n  ', ' ').trimEnd().split('\n');
    this.#lines = new Map(
      lines.map((line) => {
        const nameEnd = line.indexOf(' ');
        return [line.slice(0, nameEnd), line.slice(nameEnd)];
      }),
    );
  }

  /** None for a command that takes none, or that is not in the table. */
  of(fullName: string): readonly CommandArgument[] {
    const line = this.#lines.get(fullName) ?? '';
    return parseAll(line, 0).list;
  }
}

/** Arguments from `at` on, to the end or the bracket that closes them; `end` is behind it. */
function parseAll(line: string, at: number): { list: CommandArgument[]; end: number } {
  const list: CommandArgument[] = [];
  let end = at;
  while (end < line.length && line[end] !== ')' && line[end] !== '}') {
    if (line[end] === ' ') {
      end++;
      continue;
    }
    const parsed = parseOne(line, end);
    list.push(parsed.argument);
    end = parsed.end;
  }
  return { list, end: end + 1 };
}

function parseOne(line: string, at: number): { argument: CommandArgument; end: number } {
  const pattern = new RegExp(argumentPattern);
  pattern.lastIndex = at;
  const match = pattern.exec(line);
  assert(match !== null, `an argument at ${at} of ${line}`);
  const [text, name, letter, index, quoted, word, since, deprecatedSince, flags, bracket] = match;
  const inner = bracket === '' ? null : parseAll(line, at + text.length);
  const type = bracket === '' ? (typesByLetter[letter] ?? 'string') : blockTypes[bracket];
  const ownToken = type === 'pure-token' ? name.toUpperCase() : undefined;
  const argument = {
    name,
    type,
    keySpecIndex: index === undefined || index === '' ? undefined : Number(index),
    token: quoted ?? word ?? ownToken,
    since,
    deprecatedSince,
    flags: flags.split('').map((flag) => flagsByLetter[flag]),
    parts: inner?.list ?? [],
  };
  return { argument, end: inner?.end ?? at + text.length };
}

const blockTypes: Readonly<Record<string, string>> = { '(': 'oneof', '{': 'block' };
