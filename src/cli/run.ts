/**
 * The CLI's composition root, called by bin/repl.js with what the user typed. It answers
 * `--version` by itself and hands everything else to oclif. Nobody else ends the process.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { PackageJson } from './oclif-config.ts';

/** Runs one command line (without `node` and the script). Sets `process.exitCode`; never throws. */
export async function run(argv: readonly string[]): Promise<void> {
  const packageJson = readPackageJson();
  if (argv[0] === '--version') {
    // Scripts ask for it often, and loading oclif would triple the time of the answer.
    process.stdout.write(`${versionLine(packageJson)}\n`);
    return;
  }
  const { runCommand } = await import('./run-command.ts');
  await runCommand(argv, { packageJson, distDir: fileURLToPath(new URL('..', import.meta.url)) });
}

/** `redis-repl/0.1.0 linux-x64 node-v20.19.0`: what a bug report should begin with. */
function versionLine({ name, version }: PackageJson): string {
  return `${name}/${version} ${process.platform}-${process.arch} node-${process.version}`;
}

/** The file lies above dist/, in the repository as in the published package. */
function readPackageJson(): PackageJson {
  const path = new URL('../../package.json', import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as PackageJson;
}
