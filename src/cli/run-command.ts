/**
 * Runs one command through oclif, and turns whatever was thrown into words and an exit code: the
 * only place that does. Called by run.ts.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run as runOclif } from '@oclif/core/run';
import { settings } from '@oclif/core/settings';
import { loadOptions, type PackageJson } from './oclif-config.ts';
import { reportError } from './report-error.ts';
import { fitFor } from './views/fit.ts';

export async function runCommand(
  argv: readonly string[],
  { packageJson, distDir }: { packageJson: PackageJson; distDir: string },
): Promise<void> {
  // The commands are built: oclif need not look for their TypeScript sources.
  settings.enableAutoTranspile = false;
  // Nor for a file with colours of its own: we paint by ourselves.
  process.env.REPL_DISABLE_THEME = 'true';
  try {
    await runOclif(withoutHelpWord(argv), loadOptions(packageJson, distDir));
  } catch (error) {
    const report = reportError(error, { argv, commands: () => listCommands(distDir) });
    process.stdout.write(report.stdout);
    process.stderr.write(fitFor(process.stderr, report.stderr));
    process.exitCode = report.exitCode;
  }
}

/** `repl help start` is `repl start --help`. */
function withoutHelpWord(argv: readonly string[]): string[] {
  return argv[0] === 'help' ? [...argv.slice(1), '--help'] : [...argv];
}

function listCommands(distDir: string): string[] {
  const files = readdirSync(join(distDir, 'commands')).filter((name) => name.endsWith('.js'));
  return files.map((name) => name.replace(/\.js$/, ''));
}
