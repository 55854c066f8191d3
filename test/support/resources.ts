/**
 * What a test opens is closed after it, even when it fails: `const use = useResources()` at the top
 * of a test file, then `await use.server('bundled')`, `await use.client(server)` and so on.
 */
import { afterAll, afterEach } from 'vitest';
import { connectResp, type RespClient, type RespTarget } from './resp-client.ts';
import { startServer, type ServerKind } from './server-kinds.ts';
import type { ServerOptions, TestServer } from './server-process.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { makeTempDir } from './temp-dir.ts';

export interface Closable {
  close(): unknown;
}

export interface Resources {
  /** Closes `resource` in the end, also when it is ready only after the test has failed. */
  add<T extends Closable>(resource: T | Promise<T>): Promise<T>;
  /** Runs `close` in the end. */
  defer(close: () => unknown): void;
  server(kind: ServerKind, options?: ServerOptions): Promise<TestServer>;
  client(target: RespTarget): Promise<RespClient>;
  proxy(target: { port: number; host?: string }): Promise<TcpProxy>;
  /** The path of a new directory. */
  tempDir(): Promise<string>;
}

/** Closes everything after each test, or with 'file' after the last one, the latest first. */
export function useResources(scope: 'test' | 'file' = 'test'): Resources {
  const opened: Promise<Closable>[] = [];
  const hook = scope === 'test' ? afterEach : afterAll;
  hook(() => closeAll(opened.splice(0)));

  const add = <T extends Closable>(resource: T | Promise<T>): Promise<T> => {
    const promise = Promise.resolve(resource);
    promise.catch(() => {}); // The caller hears of it; here it only means nothing to close.
    opened.push(promise);
    return promise;
  };
  return {
    add,
    defer: (close) => void opened.push(Promise.resolve({ close })),
    server: (kind, options) => add(startServer(kind, options)),
    client: (target) => add(connectResp(target)),
    proxy: (target) => add(startTcpProxy(target)),
    tempDir: async () => (await add(makeTempDir())).path,
  };
}

async function closeAll(opened: Promise<Closable>[]): Promise<void> {
  const failures: unknown[] = [];
  for (const promise of opened.reverse()) {
    const resource = await promise.catch(() => undefined);
    try {
      await resource?.close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'could not close everything');
}
