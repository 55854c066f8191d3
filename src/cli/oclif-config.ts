/**
 * How oclif is set up. Used at run time by run-command.ts and at build time by .config/build.mjs,
 * which writes the manifest: the list of commands and their flags, so that starting one command
 * loads only its own file.
 */
import type { Interfaces } from '@oclif/core';

/** What we read of package.json. */
export interface PackageJson {
  readonly name: string;
  readonly version: string;
}

/** `distDir` holds `commands/`, `cli/help.js` and `oclif.manifest.json`. */
export function loadOptions(
  { name, version }: PackageJson,
  distDir: string,
): Interfaces.Options & { root: string; pjson: Interfaces.PJSON } {
  const pjson: Interfaces.PJSON = {
    name,
    version,
    // Says that the built files are ES modules.
    type: 'module',
    oclif: {
      bin: 'repl',
      commands: './commands',
      helpClass: './cli/help.js',
      topicSeparator: ' ',
    },
  };
  return { root: distDir, pjson, userPlugins: false, devPlugins: false };
}
