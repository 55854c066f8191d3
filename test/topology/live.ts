/** Small replication setups of real servers, for the tests that look at and change live ones. */
import type { Resources } from '../support/resources.ts';
import { serverKinds, type ServerKind } from '../support/server-kinds.ts';
import type { TestServer } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';
import { Secret } from '../../src/instance/secret.ts';
import { systemClock } from '../../src/util/clock.ts';
import { observe, type Observation, type ObserveOptions } from '../../src/cli/observe.ts';

/** Kinds that the live tests run on; those that are missing here are skipped. */
export const liveKinds: readonly ServerKind[] = serverKinds;

/**
 * A server that keeps nothing on disk is advised to. Snapshots, for a replica that is still writing
 * its first append-only file does not end when it is told to.
 */
export const soundArgs = ['--save', '3600 1'];

/**
 * Starts one server per entry, each after its upstream: `{a: undefined, b: 'a'}`. Returns them when
 * every link is up.
 */
export async function startTree<Name extends string>(
  use: Resources,
  kind: ServerKind,
  upstreams: Record<Name, NoInfer<Name> | undefined>,
  options: { password?: string; conf?: string } = {},
): Promise<Record<Name, TestServer>> {
  const servers = {} as Record<Name, TestServer>;
  for (const [name, upstream] of Object.entries(upstreams) as [Name, Name | undefined][]) {
    const replicaof =
      upstream === undefined ? '' : `replicaof 127.0.0.1 ${servers[upstream].port}\n`;
    const conf = `${options.conf ?? ''}${replicaof}`;
    servers[name] = await use.server(kind, { ...options, conf, args: soundArgs });
  }
  const replicas = Object.entries(upstreams).filter(([, upstream]) => upstream !== undefined);
  for (const [name] of replicas) await linkUp(servers[name as Name]);
  return servers;
}

export function linkUp(server: TestServer): Promise<unknown> {
  const isUp = async (): Promise<boolean> => (await server.info('master_link_status')) === 'up';
  return waitFor(isUp, { what: `the link of ${server.port}` });
}

/** What `repl status 127.0.0.1:PORT` looks at. */
export function look(
  server: TestServer,
  more: Partial<ObserveOptions> & { password?: string } = {},
): Promise<Observation> {
  const { password, ...options } = more;
  return observe({
    words: [`127.0.0.1:${server.port}`],
    lab: undefined,
    credentials: password === undefined ? {} : { password: new Secret(password) },
    timeoutMs: 5000,
    clock: systemClock,
    ...options,
  });
}

/** `6380 -> 6379` for every node, by port. */
export function edgesOf({ topology }: Observation): string[] {
  const portOf = (id: string): number | undefined =>
    topology.nodes.find((node) => node.id === id)?.address.port;
  return topology.links
    .map(({ replica, upstream }) => `${portOf(replica)} -> ${portOf(upstream)}`)
    .sort();
}
