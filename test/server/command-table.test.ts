/** The command table: names found in any case, and other names than their own. */
import { expect, test } from 'vitest';
import { CommandTable } from '../../src/server/command-table.ts';
import { allCommands } from '../../src/server/commands/index.ts';
import { Config } from '../../src/server/config.ts';
import { commandTable } from '../../src/server/server.ts';
import { useResources } from '../support/resources.ts';

function lookup(table: CommandTable, name: string): string | undefined {
  const bytes = Buffer.from(`..${name}..`, 'latin1');
  return table.lookup(bytes, 2, bytes.length - 2)?.fullName;
}

test('finds every command by its name in any case, and nothing else', () => {
  const table = new CommandTable(allCommands);
  for (const { name } of allCommands) {
    expect(lookup(table, name)).toBe(name);
    expect(lookup(table, name.toUpperCase())).toBe(name);
    expect(lookup(table, `${name}\x00`)).toBeUndefined();
  }
  // 0x20 folds more than letters.
  expect(lookup(table, '\x47\x45\x14')).toBeUndefined();
  expect(lookup(table, '')).toBeUndefined();
});

test('rename-command: another name alone, or none', () => {
  const table = commandTable(
    Config.fromText('rename-command GET ""\nrename-command set MySet\nrename-command MYSET b-2\n'),
  );
  expect(['get', 'set', 'myset', 'B-2'].map((name) => lookup(table, name))).toEqual([
    undefined,
    undefined,
    undefined,
    'set',
  ]);
  expect(table.byName('b-2')?.fullName).toBe('set');
  expect(table.all.size).toBe(allCommands.length - 1);
});

test.each([
  ['rename-command nosuch x', 'No such command in rename-command'],
  ['rename-command get set', 'Target command name already exists'],
])('%s is refused', (line, why) => {
  expect(() => commandTable(Config.fromText(`${line}\n`))).toThrow(why);
});

const use = useResources();

test('a server answers to the new name, and shows the old one', async () => {
  const server = await use.server('bundled', {
    conf: 'rename-command FLUSHALL ""\nrename-command CONFIG secret-config\n',
  });
  const client = await server.connect();
  const unknown = (name: string): unknown => ({
    error: `ERR unknown command '${name}', with args beginning with: `,
  });
  expect(await client.command('FLUSHALL')).toEqual(unknown('FLUSHALL'));
  expect(await client.must('SECRET-CONFIG', 'GET', 'port')).toEqual(['port', String(server.port)]);
  expect(await client.must('INFO', 'commandstats')).toContain('cmdstat_config|get:calls=1');
  expect(await client.must('COMMAND', 'INFO', 'config')).toEqual([null]);
});
