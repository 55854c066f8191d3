/**
 * Redis's own Tcl test suite on this machine: where it is, how we get it, and the folder that one
 * run of it takes place in. run-file.ts runs it there. The suite itself is never changed: what we
 * mend is mended in the run's own copy.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../support/real-servers.ts';
import { makeTempDir, type TempDir } from '../support/temp-dir.ts';

/** What the suite calls besides the server. */
const tools = ['redis-cli', 'redis-benchmark', 'redis-check-rdb', 'redis-check-aof'];

/** Something is missing on this machine, as distinct from a failure. */
export class CannotRun extends Error {}

/** The directory that holds `tests/`; fetched when it is not there yet. Throws CannotRun. */
export function obtainSuite(): string {
  const missing = ['tclsh', 'ps', ...tools].filter((program) => findProgram(program) === undefined);
  if (missing.length > 0) {
    throw new CannotRun(`no ${missing.join(', ')}; apt-get install tcl procps redis-tools`);
  }
  const dir = suiteDir();
  if (existsSync(join(dir, 'tests/test_helper.tcl'))) return dir;
  console.log("fetching Redis's test suite");
  const script = fileURLToPath(new URL('../../.ci/get-suite.sh', import.meta.url));
  const fetched = spawnSync(script, [dir], { encoding: 'utf8' });
  if (fetched.status !== 0) {
    throw new CannotRun(`no test suite: ${fetched.stderr || String(fetched.error)}`.trim());
  }
  return dir;
}

function suiteDir(): string {
  const { REDIS_REPL_SUITE_DIR, XDG_CACHE_HOME } = process.env;
  const cache = XDG_CACHE_HOME || join(homedir(), '.cache');
  return REDIS_REPL_SUITE_DIR || join(cache, 'redis-repl', 'suite');
}

/**
 * A copy of the suite in which `src/redis-server` is `command`. Its path is short, because the
 * suite makes Unix sockets below it, whose paths may have 107 bytes.
 */
export async function makeRunDir(suite: string, command: readonly string[]): Promise<TempDir> {
  const dir = await makeTempDir('suite');
  const src = join(dir.path, 'src');
  await cp(join(suite, 'tests'), join(dir.path, 'tests'), { recursive: true });
  await mkdir(join(dir.path, 'tests/tmp'), { recursive: true });
  await mkdir(src);
  // exec: the suite signals the process that it started.
  const script = `#!/bin/sh\nexec ${command.map(quoteForShell).join(' ')} "$@"\n`;
  await writeFile(join(src, 'redis-server'), script, { mode: 0o755 });
  for (const tool of tools) await symlink(findProgram(tool)!, join(src, tool));
  await mend(dir.path);
  return dir;
}

async function mend(dir: string): Promise<void> {
  const server = join(dir, 'tests/support/server.tcl');
  await writeFile(server, mendServerTcl(await readFile(server, 'utf8')));
  const hooks = fileURLToPath(new URL('hooks.tcl', import.meta.url));
  await appendFile(join(dir, 'tests/support/test.tcl'), `\nsource {${hooks}}\n`);
}

/**
 * With --durable the suite goes on after an error that no test caught. But after one in the code
 * around tests it takes the wrong server off its stack, which ends the file; and after one in a
 * server block inside a test it lets that test pass. Here the first is reported as a failure
 * `set-up: …`, and the second is the test's.
 */
export function mendServerTcl(text: string): string {
  const condition = 'if {!$assertion && $::durable} {';
  const pieces = text.split(condition);
  if (pieces.length !== 2) throw new Error('tests/support/server.tcl is not as we know it');
  const report = `
                send_data_packet $::test_server_fd err "set-up: $error in $::curfile\\n$backtrace"
                incr ::num_failed
                set ::tags [lrange $::tags 0 end-[llength $tags]]
                return`;
  return pieces.join(`if {$::durable && $::cur_test eq ""} {${report}`);
}

/**
 * What to put before a command that gives it a network with loopback alone, or nothing where the
 * machine does not let us: two runs do not meet on one port, and nothing leaves the machine (some
 * tests try other addresses). The second device, which leads nowhere, is for tests that want an
 * address besides loopback. The processes live in a namespace as well: they end with its first
 * one, the shell, which also buries what the others left.
 */
export function isolation(): string[] {
  const prepare = `ip link set lo up
    { ip link add out0 type ifb || ip link add out0 type dummy; } 2>/dev/null &&
    ip addr add 192.0.2.2/24 dev out0 && ip link set out0 up
    "$@"; exit $?`;
  const isolate = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  for (const who of [[], ['--map-root-user']]) {
    const tried = spawnSync('unshare', [...who, ...isolate, 'sh', '-c', 'ip link set lo up']);
    if (tried.status === 0) return ['unshare', ...who, ...isolate, 'sh', '-c', prepare, 'sh'];
  }
  return [];
}

function quoteForShell(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
