#!/usr/bin/env node
// The bundled server's entry: the built bundle does everything.
import { readFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const bundle = new URL('../dist/repl-server.js', import.meta.url);

let server;
try {
  server = await import(bundle);
} catch (error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  process.stderr.write('repl-server is not built yet: run `npm ci` in its directory first.\n');
  process.exit(1);
}
const exitCode = await server.main(process.argv.slice(2), version);
if (exitCode !== null) process.exit(exitCode);
