/**
 * What the suite prints about one file, read back. Pure: run-file.ts has the text, compare.ts
 * judges the result.
 *
 *   [ok]: NAME (12 ms)
 *   [err]: NAME in tests/unit/x.tcl     then the reason, until the next line of this kind
 *   [skip]: NAME                        left out because its name was on a list
 *   [ignore]: NAME: …                   left out because of a tag
 *   [needs-scripting]: NAME             our own line (hooks.tcl), before the test's own
 *   [err]: Can't start the Redis server after that line: what NAME's set-up came to, whose own line
 *                                       says ok nonetheless
 *   [exception]: …                      the suite gave up the file
 *   [TIMEOUT]: …                        no progress: what its clients were doing follows
 */

export interface TestResult {
  name: string;
  outcome: 'ok' | 'err' | 'skip' | 'ignore';
  /** The first lines of what the suite says about a failure; empty for the other outcomes. */
  reason: string[];
}

/** How the run of a file ended. */
export type FileEnd =
  | { kind: 'whole' }
  | { kind: 'hung'; test: string | undefined }
  | { kind: 'cut-short'; because: string };

export interface FileOutput {
  tests: TestResult[];
  needsScripting: Set<string>;
  end: FileEnd;
}

/** How many lines of a reason are kept: the assertion, and where it stands. */
const reasonLines = 3;

const noServer = "Can't start the Redis server";

export function parseSuiteOutput(text: string): FileOutput {
  const tests: TestResult[] = [];
  const needsScripting = new Set<string>();
  let failure: TestResult | undefined;
  let lastNeeding = '';
  for (const line of text.split('\n')) {
    const [, word, rest] = /^\[([A-Za-z0-9/ -]+)\]: (.*)$/.exec(line) ?? [];
    if (word === undefined) {
      addReason(failure, line.trim());
      continue;
    }
    const result = parseResult(word, rest);
    if (result !== undefined && tests.at(-1)?.name === noServer && result.name === lastNeeding) {
      tests.pop();
      result.outcome = 'err';
    }
    if (result !== undefined) tests.push(result);
    if (word === 'needs-scripting') {
      needsScripting.add(rest);
      lastNeeding = rest;
    }
    failure = result?.outcome === 'err' ? result : undefined;
  }
  return { tests, needsScripting, end: parseEnd(text) };
}

function parseResult(word: string, rest: string): TestResult | undefined {
  switch (word) {
    case 'ok':
      return { name: steady(rest.replace(/ \(\d+ ms\)$/, '')), outcome: word, reason: [] };
    case 'err':
      return {
        name: steady(rest.replace(/ in tests\/\S+\.tcl$/, '')),
        outcome: word,
        reason: [],
      };
    case 'skip':
    case 'ignore':
      return { name: steady(rest), outcome: word, reason: [] };
    default:
      return undefined;
  }
}

/** Numbers that the suite draws, or counts up until its time is over, become a letter. */
function steady(name: string): string {
  if (!name.startsWith('PSYNC2: ')) return name;
  return name.replaceAll(/(#|CYCLE |x = )\d+/g, '$1n');
}

function addReason(failure: TestResult | undefined, line: string): void {
  if (failure === undefined || line === '') return;
  const { reason } = failure;
  // Of an error that is no assertion, the suite prints all but the first 10 bytes, and then all.
  if (reason.length === 1 && line.length > reason[0].length && line.endsWith(reason[0]))
    reason.pop();
  if (reason.length < reasonLines) reason.push(line);
}

function parseEnd(text: string): FileEnd {
  if (/^\[TIMEOUT\]/m.test(text)) {
    return { kind: 'hung', test: /^sock\w+ => \(IN PROGRESS\) (.*)$/m.exec(text)?.[1] };
  }
  const exception = /^\[exception\]: (.*)/m.exec(text);
  if (exception !== null) return { kind: 'cut-short', because: exception[1] };
  if (/^\s+The End$/m.test(text)) return { kind: 'whole' };
  return { kind: 'cut-short', because: text.trim().split('\n').at(-1)! };
}
