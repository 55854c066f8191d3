/**
 * Tests over kinds of server: `for (const kind of serverKinds)` with `needServer(context, kind)` as
 * the first line of the test, and `startServer(kind)` where it needs one.
 */
import type { TestContext } from 'vitest';
import { startBundledServer } from './bundled-server.ts';
import { findRealServer, missingServer, realKinds, startRealServer } from './real-servers.ts';
import type { RealKind } from './real-servers.ts';
import type { ServerOptions, TestServer } from './server-process.ts';

export const serverKinds = ['bundled', ...realKinds] as const;
export type ServerKind = 'bundled' | RealKind;

export function startServer(kind: ServerKind, options: ServerOptions = {}): Promise<TestServer> {
  return kind === 'bundled' ? startBundledServer(options) : startRealServer(kind, options);
}

/** Skips the test, saying why, when this machine has no server of one of these kinds. */
export function needServer(context: TestContext, ...kinds: ServerKind[]): void {
  for (const kind of kinds) {
    if (kind === 'bundled' || findRealServer(kind) !== undefined) continue;
    context.skip(missingServer(kind));
  }
}
