/**
 * Runs one command through oclif, and turns whatever was thrown into words and an exit code: the
 * only place that does. Called by run.ts.
 */
import { run as runOclif } from '@oclif/core/run';
import { settings } from '@oclif/core/settings';
import { loadOptions, type PackageJson } from './oclif-config.ts';
import { reportError } from './report-error.ts';

export async function runCommand(
  argv: readonly string[],
  { packageJson, distDir }: { packageJson: PackageJson; distDir: string },
): Promise<void> {
  // The commands are built: oclif need not look for their TypeScript sources.
  settings.enableAutoTranspile = false;
  try {
    await runOclif([...argv], loadOptions(packageJson, distDir));
  } catch (error) {
    const report = reportError(error, { argv });
    process.stdout.write(report.stdout);
    process.stderr.write(report.stderr);
    process.exitCode = report.exitCode;
  }
}
