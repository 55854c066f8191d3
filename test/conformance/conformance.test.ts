import { describe, expect, it } from 'vitest';
import { judge, lostInBoth, percent, unexpected } from './compare.ts';
import {
  isListed,
  parseListedTests,
  readListedTests,
  readPassing,
  recordedFiles,
} from './lists.ts';
import type { FileResult } from './run-file.ts';
import { parseSuiteOutput } from './suite-output.ts';
import { mendServerTcl } from './suite.ts';

const output = `Starting test server at port 21079
[ready]: 24631
Testing unit/type/example
[ok]: HSET/HLEN - (Small) creation (3 ms)
[needs-scripting]: EVAL in a hash
[err]: EVAL in a hash in tests/unit/type/example.tcl
n command 'eval', with args beginning with: 'return 1'
ERR unknown command 'eval', with args beginning with: 'return 1'
    while executing
"r eval {return 1} 0"
    (uplevel body line 2)
[skip]: Is the process title right
[ignore]: Large values: Tag: large-memory
[ok]: Twice (0 ms)
[err]: Twice in tests/unit/type/example.tcl
Expected '1' to be equal to '2' (context: type eval line 2)
[ok]: Last (1 ms)
[1/1 done]: unit/type/example (1 seconds)

                   The End

Execution time of different units:
`;

function result(text: string): FileResult {
  return { file: 'unit/type/example', seconds: 1, ...parseSuiteOutput(text) };
}

describe('reading what the suite prints', () => {
  it('gives tests that are named at random one name', () => {
    const names = [
      'PSYNC2: Set #2 to replicate from #4',
      'PSYNC2: cluster is consistent after load (x = 31337)',
      'PSYNC2: --- CYCLE 3 ---',
      'PSYNC2 #3899 regression: setup',
    ];
    const { tests } = parseSuiteOutput(names.map((name) => `[ok]: ${name} (5 ms)`).join('\n'));
    expect(tests.map(({ name }) => name)).toEqual([
      'PSYNC2: Set #n to replicate from #n',
      'PSYNC2: cluster is consistent after load (x = n)',
      'PSYNC2: --- CYCLE n ---',
      'PSYNC2 #3899 regression: setup',
    ]);
  });

  it('finds the outcome of every test, and why it failed', () => {
    const { tests, needsScripting, end } = parseSuiteOutput(output);
    expect(tests.map(({ outcome, name }) => `${outcome} ${name}`)).toEqual([
      'ok HSET/HLEN - (Small) creation',
      'err EVAL in a hash',
      'skip Is the process title right',
      'ignore Large values: Tag: large-memory',
      'ok Twice',
      'err Twice',
      'ok Last',
    ]);
    expect(tests[1].reason).toEqual([
      "ERR unknown command 'eval', with args beginning with: 'return 1'",
      'while executing',
      '"r eval {return 1} 0"',
    ]);
    expect([...needsScripting]).toEqual(['EVAL in a hash']);
    expect(end).toEqual({ kind: 'whole' });
  });

  it('fails a test that wants scripts when its server did not start for that', () => {
    const text =
      "[needs-scripting]: EVAL from AOF\n[err]: Can't start the Redis server\n" +
      '[ok]: EVAL from AOF (5 ms)\n[ok]: another (1 ms)\n';
    const { tests } = parseSuiteOutput(text);
    expect(tests.map(({ outcome, name }) => `${outcome} ${name}`)).toEqual([
      'err EVAL from AOF',
      'ok another',
    ]);
  });

  it('tells how a file ended that did not reach its end', () => {
    const hung = '[TIMEOUT]: clients state report follows.\nsock55 => (IN PROGRESS) BLPOP\n';
    expect(parseSuiteOutput(hung).end).toEqual({ kind: 'hung', test: 'BLPOP' });
    const between = '[TIMEOUT]: clients state report follows.\nsock55 => (OK) BLPOP\n';
    expect(parseSuiteOutput(between).end).toEqual({ kind: 'hung', test: undefined });
    const exception = parseSuiteOutput('[exception]: Executing test client: oops.\n');
    expect(exception.end).toEqual({ kind: 'cut-short', because: 'Executing test client: oops.' });
    expect(parseSuiteOutput('[ok]: a (1 ms)\nno such file\n').end).toEqual({
      kind: 'cut-short',
      because: 'no such file',
    });
  });
});

describe('the verdict on a file', () => {
  it('counts tests that want scripting and excluded ones apart', () => {
    const verdict = judge(result(output), []);
    expect(verdict.passed).toBe(3);
    expect(verdict.failed.map(({ name }) => name)).toEqual(['Twice']);
    expect(verdict.needsScripting.map(({ name }) => name)).toEqual(['EVAL in a hash']);
    expect(verdict.excluded).toBe(1);
    expect(percent(verdict)).toBe(75);
    expect(verdict.cutShort).toBeUndefined();
  });

  it('counts set-up that wants functions as wanting scripting', () => {
    const setUp = "[err]: set-up: ERR unknown command 'function', with in tests/unit/a.tcl\n";
    expect(judge(result(setUp), []).needsScripting).toHaveLength(1);
  });

  it('loses a recorded test that failed once, that failed, or that did not run', () => {
    const recorded = ['Last', 'Twice', 'EVAL in a hash', 'Gone'];
    const verdict = judge(result(output), recorded);
    expect(verdict.lost).toEqual(['Twice', 'EVAL in a hash', 'Gone']);
    expect(verdict.fresh).toEqual(['HSET/HLEN - (Small) creation']);
    const better = judge(result(output.replace('[err]: Twice', '[ok]: Twice')), recorded);
    expect(lostInBoth(verdict, better)).toEqual(['EVAL in a hash', 'Gone']);
  });

  it('calls a failure unexpected unless a list names it for this file', () => {
    const verdict = judge(result(output), []);
    const listed = parseListedTests('Because.\n  unit/type/example: /^Tw\n');
    expect(unexpected(verdict, listed)).toEqual([]);
    expect(unexpected({ ...verdict, file: 'unit/scan' }, listed)).toHaveLength(1);
  });
});

describe('the lists', () => {
  it('gives every test the sentence above it', () => {
    const listed = parseListedTests(
      '# not read\nOne reason\nin two lines.\n  unit/a: x: y\n  unit/b: /^z\n\nAnother.\n  unit/a: w\n',
    );
    expect(listed).toEqual([
      { file: 'unit/a', test: 'x: y', reason: 'One reason in two lines.' },
      { file: 'unit/b', test: '/^z', reason: 'One reason in two lines.' },
      { file: 'unit/a', test: 'w', reason: 'Another.' },
    ]);
    expect(isListed(listed, 'unit/b', 'zero')).toBe(true);
    expect(isListed(listed, 'unit/a', 'x')).toBe(false);
    expect(() => parseListedTests('  unit/a: x\n')).toThrow('no reason');
  });

  it('are in order: no recorded test is excluded or known to fail', async () => {
    const listed = [
      ...(await readListedTests('exclusions')),
      ...(await readListedTests('known-failures')),
    ];
    const files = await recordedFiles();
    expect(files).toContain('unit/type/string');
    for (const file of files) {
      const passing = await readPassing(file);
      expect(passing).not.toEqual([]);
      expect(passing.filter((name) => isListed(listed, file, name))).toEqual([]);
    }
  });
});

describe("mending the suite's server.tcl", () => {
  it('reports an error around tests instead of losing count of the servers', () => {
    const mended = mendServerTcl('before\nif {!$assertion && $::durable} {\nafter');
    expect(mended).toContain('if {$::durable && $::cur_test eq ""} {');
    expect(mended).toContain('"set-up: $error in');
  });

  it('refuses a suite that it does not know', () => {
    expect(() => mendServerTcl('something else')).toThrow('not as we know it');
  });
});
