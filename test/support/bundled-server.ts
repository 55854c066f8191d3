/**
 * Our own server as a process, in the same shape as the real ones, so that one test can run
 * against several kinds. It is the built one: `npm run build` first, as `npm test` does.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  runServerToExit,
  startServerProcess,
  type ServerOptions,
  type TestServer,
} from './server-process.ts';

/** How to start the bundled server: Node and its entry. Throws when it was not built. */
export function bundledServerCommand(): string[] {
  for (const part of ['bin/repl-server.js', 'dist/repl-server.js']) {
    if (!existsSync(inRepository(part))) throw new Error(`${part} is missing: npm run build first`);
  }
  return [process.execPath, inRepository('bin/repl-server.js')];
}

export async function startBundledServer(options: ServerOptions = {}): Promise<TestServer> {
  return startServerProcess({ kind: 'bundled', command: bundledServerCommand() }, options);
}

/** Runs it with exactly these arguments until it ends: for configurations it must refuse. */
export async function runBundledServer(options: {
  args?: readonly string[];
  conf?: string;
}): Promise<{ code: number | null; output: string }> {
  return runServerToExit({ kind: 'bundled', command: bundledServerCommand() }, options);
}

function inRepository(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}
