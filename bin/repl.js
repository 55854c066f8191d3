#!/usr/bin/env node
// The CLI's entry: starts the built program, or says how to build it. src/cli/run.ts goes on.
import { existsSync } from 'node:fs';
import module from 'node:module';

const built = new URL('../dist/cli/run.js', import.meta.url);

if (existsSync(built)) {
  module.enableCompileCache?.(); // Node 22 and later: starts in half the time.
  const { run } = await import(built.href);
  await run(process.argv.slice(2));
} else {
  console.error('repl: this tree has not been built yet\nnext: npm ci');
  process.exitCode = 1;
}
