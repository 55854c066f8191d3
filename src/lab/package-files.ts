/**
 * Files of this package that are read at run time. The bundle keeps the depth: src/lab/x.ts,
 * dist/commands/x.js and dist/chunks/x.js all lie two levels below the package.
 */
import { fileURLToPath } from 'node:url';

/** The absolute path of a file of the package, such as `templates/redis.conf.eta`. */
export function packageFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}
