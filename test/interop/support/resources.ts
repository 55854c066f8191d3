/**
 * `useResources` for tests that run at the same time as others: each test has its own, and closes
 * nothing of another one's. Interop tests mostly wait for a second to pass somewhere.
 */
import type { TestContext } from 'vitest';
import type { Closable, Resources } from '../../support/resources.ts';
import { connectResp } from '../../support/resp-client.ts';
import { startServer } from '../../support/server-kinds.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

/** Everything is closed when the test of this context ends, the latest first. */
export function resourcesOf(context: TestContext): Resources {
  const add = <T extends Closable>(resource: T | Promise<T>): Promise<T> => {
    const promise = Promise.resolve(resource);
    context.onTestFinished(async () => {
      // The test itself has heard of it when it could not be opened.
      await promise.then(
        (opened) => opened.close(),
        () => undefined,
      );
    });
    return promise;
  };
  return {
    add,
    defer: (close) => void add({ close }),
    server: (kind, options) => add(startServer(kind, options)),
    client: (target) => add(connectResp(target)),
    proxy: (target) => add(startTcpProxy(target)),
    tempDir: async () => (await add(makeTempDir())).path,
  };
}
