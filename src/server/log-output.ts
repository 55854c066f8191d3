/**
 * Where the log's lines go: standard output, or the end of a file. The file is opened for each line,
 * as Redis does: it may be moved away by logrotate at any time, and no line is lost in a buffer when
 * the process is killed. One line costs some 20 µs, and no client's request writes one.
 */
import { appendFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemMessage } from '../redis-conf/conf-file.ts';
import { OperatorError } from '../util/errors.ts';

/** The group may read it; it never holds a password. */
const fileMode = 0o640;

/**
 * A function that writes a line; '' is standard output. Throws OperatorError when the file cannot
 * be written now; later failures (a full disk) lose lines, but do not stop the server.
 */
export function openLogOutput(logfile: string): (line: string) => void {
  if (logfile === '') return standardOutput();
  const path = resolve(logfile);
  try {
    appendFileSync(path, '', { mode: fileMode });
  } catch (error) {
    throw new OperatorError(`Can't open the log file '${path}': ${systemMessage(error)}`);
  }
  return (line) => {
    try {
      appendFileSync(path, line, { mode: fileMode });
    } catch {
      // There is nowhere to complain.
    }
  };
}

/** Whoever reads it may go away (`repl-server | head`): the server stays. */
function standardOutput(): (line: string) => void {
  process.stdout.on('error', () => undefined);
  return (line) => void process.stdout.write(line);
}
