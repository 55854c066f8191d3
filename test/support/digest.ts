/**
 * Do two servers hold the same data? DEBUG DIGEST is one algorithm for real servers and ours, so
 * kinds can be compared with each other.
 */
import { inspect } from 'node:util';
import type { TestServer } from './server-process.ts';
import { waitFor } from './wait-for.ts';

/** 40 hexadecimal digits over all databases; zeros when the server is empty. Throws on errors. */
export async function digestOf(server: TestServer): Promise<string> {
  const digest = await server.cli('DEBUG', 'DIGEST');
  if (!/^[0-9a-f]{40}$/.test(digest)) throw new Error(`DEBUG DIGEST on ${server.kind}: ${digest}`);
  return digest;
}

/** Waits until all servers have the same digest, and returns it. Throws with what each holds. */
export async function expectSameDigest(...servers: TestServer[]): Promise<string> {
  let seen: Record<string, string> = {};
  return waitFor(
    async () => {
      const digests = await Promise.all(servers.map(digestOf));
      seen = Object.fromEntries(servers.map((server, at) => [nameOf(server), digests[at]]));
      return new Set(digests).size === 1 && digests[0];
    },
    { what: () => `the same digest: ${inspect(seen)}` },
  );
}

/** Waits until every replica's link is up and it has all that `master` has sent. */
export async function waitForSync(master: TestServer, ...replicas: TestServer[]): Promise<void> {
  let seen = '';
  for (const replica of replicas) {
    await waitFor(
      async () => {
        const link = await replica.info('master_link_status');
        const [sent, received] = await Promise.all(
          [master, replica].map((server) => server.info('master_repl_offset')),
        );
        seen = `link ${link || 'none'}, offset ${received} of ${sent}`;
        return link === 'up' && sent === received;
      },
      { timeoutMs: 20_000, what: () => `${nameOf(replica)} to follow ${nameOf(master)}: ${seen}` },
    );
  }
}

function nameOf(server: TestServer): string {
  return `${server.kind}:${server.port}`;
}
