/** For tests of commands that block: the order in which clients began to wait must be certain. */
import type { RespClient } from './resp-client.ts';
import { waitFor } from './wait-for.ts';

/** Waits until the server holds `client` back; `observer` is another connection to it. */
export async function waitUntilBlocked(observer: RespClient, client: RespClient): Promise<void> {
  const line = new RegExp(` addr=[^ ]*:${client.localPort} .* flags=[^ ]*b`);
  const isBlocked = async (): Promise<boolean> => {
    const clients = await observer.must('CLIENT', 'LIST');
    return typeof clients === 'string' && line.test(clients);
  };
  await waitFor(isBlocked, { intervalMs: 1, what: 'a client to be blocked' });
}
