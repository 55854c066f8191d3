/**
 * Writes src/server/commands/command-arguments-table.ts: what arguments our commands take, out of the
 * answers of real servers to COMMAND DOCS. Run by hand when the command table has grown:
 *
 *   npx tsx test/server/commands/make-command-arguments.ts
 */
import { writeFile } from 'node:fs/promises';
import { startBundledServer } from '../../support/bundled-server.ts';
import { startRealServer } from '../../support/real-servers.ts';
import type { RespValue } from '../../support/resp-client.ts';
import type { TestServer } from '../../support/server-process.ts';

const table = new URL('../../../src/server/commands/command-arguments-table.ts', import.meta.url);
const lineWidth = 100;

type Docs = Map<string, RespValue>;

const typeLetters: Record<string, string> = {
  string: '',
  oneof: '',
  block: '',
  key: '.k',
  integer: '.i',
  double: '.d',
  pattern: '.p',
  'unix-time': '.u',
  'pure-token': '.t',
};
const flagLetters: Record<string, string> = { optional: '?', multiple: '*', multiple_token: '+' };

const servers = [
  await startBundledServer(),
  await startRealServer('redis7'),
  await startRealServer('redis8'),
];
const [ours, theirs, newer] = await Promise.all(servers.map(argumentsByName));
await Promise.all(servers.map((server) => server.close()));
const lines = [...ours.keys()]
  .toSorted((a, b) => Number(a > b) - Number(a < b))
  .flatMap((name) => {
    const list = theirs.has(name) ? theirs.get(name) : newer.get(name);
    return list === undefined ? [] : [wrap(`${name} ${printAll(list)}`)];
  });
await writeFile(
  table,
  `/**
 * What arguments the commands take, as Redis 7.0.15 describes them (those that came later: 8.0.2).
 * Made by test/server/commands/make-command-arguments.ts; command-arguments.ts says how to read it.
 */
export const commandArgumentsTable = \`\\
${lines.join('\n')}
\`;
`,
);

/** Every command and subcommand, with its arguments if it has any. */
async function argumentsByName(server: TestServer): Promise<Map<string, Docs[] | undefined>> {
  const client = await server.connect({ protocol: 3 });
  const found = new Map<string, Docs[] | undefined>();
  const add = (docs: Map<string, Docs>): void => {
    for (const [name, doc] of docs) {
      found.set(name, doc.get('arguments') as unknown as Docs[] | undefined);
      const subcommands = doc.get('subcommands');
      if (subcommands instanceof Map) add(subcommands as Map<string, Docs>);
    }
  };
  add((await client.must('COMMAND', 'DOCS')) as Map<string, Docs>);
  return found;
}

function printAll(list: readonly Docs[]): string {
  return list.map(print).join(' ');
}

function print(argument: Docs): string {
  const text = (column: string): string => argument.get(column) as string;
  const flags = [...((argument.get('flags') as Iterable<string> | undefined) ?? [])];
  const [name, type] = [text('name'), text('type')];
  const inner = argument.get('arguments') as unknown as Docs[] | undefined;
  const [open, close] = type === 'oneof' ? '()' : '{}';
  return [
    name,
    typeLetters[type],
    argument.has('key_spec_index') ? text('key_spec_index') : '',
    argument.has('token') ? printToken(text('token'), name, type) : '',
    argument.has('since') ? `@${text('since')}` : '',
    argument.has('deprecated_since') ? `~${text('deprecated_since')}` : '',
    ...flags.map((flag) => flagLetters[flag]),
    inner === undefined ? '' : `${open}${printAll(inner)}${close}`,
  ].join('');
}

/** Left out where it is the name in capitals; in quotes where it has other characters. */
function printToken(token: string, name: string, type: string): string {
  if (type === 'pure-token' && token === name.toUpperCase()) return '';
  return /^[A-Z0-9-]+$/.test(token) ? `=${token}` : `="${token}"`;
}

function wrap(line: string): string {
  let wrapped = '';
  let width = 0;
  for (const word of line.split(' ')) {
    const fits = width === 0 || width + word.length < lineWidth;
    wrapped += width === 0 ? word : fits ? ` ${word}` : `\n  ${word}`;
    width = fits ? width + word.length + 1 : word.length + 2;
  }
  return wrapped;
}
