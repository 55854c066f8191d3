/** DEBUG's answers, and that its switches do what they say. */
import { expect, test } from 'vitest';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import { testTranscript } from '../../support/transcripts.ts';
import { waitFor } from '../../support/wait-for.ts';

testTranscript(new URL('../../transcripts/commands/debug.txt', import.meta.url));
const use = useResources();

test('PROTOCOL push is out-of-band in RESP3 and refused in RESP2', async () => {
  const server = await use.server('bundled');
  const resp2 = await server.connect();
  expect(await resp2.command('DEBUG', 'PROTOCOL', 'push')).toEqual({
    error: 'ERR RESP2 is not supported by this command',
  });
  const resp3 = await server.connect({ protocol: 3 });
  const reply = await resp3.command('DEBUG', 'PROTOCOL', 'push');
  expect(reply).toBe('Some real reply following the push reply');
  expect(resp3.pushes).toEqual([['server-cpu-usage', 42]]);
});

test('SET-ACTIVE-EXPIRE 0 leaves expired keys where they are until somebody asks', async () => {
  const server = await use.server('bundled');
  const client = await server.connect();
  await client.must('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  await client.must('SET', 'gone', 'x', 'PX', 1);
  await client.must('DEBUG', 'SLEEP', '0.3');
  expect(await client.must('DBSIZE')).toBe(1);
  await client.must('DEBUG', 'SET-ACTIVE-EXPIRE', 1);
  await waitFor(async () => (await client.must('DBSIZE')) === 0, { what: 'the key to expire' });
});

test('OBJECT tells how a string is stored', async () => {
  const server = await use.server('bundled');
  const client = await server.connect();
  await client.must('MSET', 'int', '12', 'text', 'abc', 'long', 'x'.repeat(100));
  await client.must('APPEND', 'text', 'def');
  expect(await client.must('DEBUG', 'OBJECT', 'int')).toMatch(
    /^Value at:0x[0-9a-f]+ refcount:1 encoding:int serializedlength:2 lru:\d+ lru_seconds_idle:0$/,
  );
  expect(await client.must('DEBUG', 'OBJECT', 'text')).toMatch(/encoding:raw serializedlength:7 /);
  expect(await client.must('DEBUG', 'OBJECT', 'long')).toMatch(/encoding:raw serializedlength:9 /);
});

/** What a client hears that may not use DEBUG, whatever else is wrong. */
const notAllowed = {
  error:
    'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can ' +
    'run it from a local connection, otherwise you need to set this option in the configuration ' +
    'file, and then restart the server.',
};

for (const kind of ['bundled', 'redis7'] as const) {
  test(`${kind}: with enable-debug-command no it is refused before anything else`, async (context) => {
    needServer(context, kind);
    const args = ['--enable-debug-command', 'no', '--requirepass', 'secret'];
    const server = await use.server(kind, { args, password: 'secret' });
    const client = await server.connect();
    expect(await client.command('DEBUG', 'nosuch')).toEqual(notAllowed);
    expect(await client.command('DEBUG')).toEqual({
      error: "ERR wrong number of arguments for 'debug' command",
    });
    await client.must('MULTI');
    expect(await client.command('DEBUG', 'SLEEP', 0)).toEqual(notAllowed);
    expect(await client.command('EXEC')).toEqual({
      error: 'EXECABORT Transaction discarded because of previous errors.',
    });
    await client.must('RESET');
    expect(await client.command('DEBUG', 'SLEEP', 0)).toEqual(notAllowed);
  });
}

test('with enable-debug-command local it is open to this machine', async () => {
  const server = await use.server('bundled', { args: ['--enable-debug-command', 'local'] });
  expect(await server.cli('DEBUG', 'SLEEP', 0)).toBe('OK');
});
