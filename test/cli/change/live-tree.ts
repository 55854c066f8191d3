/** A tree of live servers whose master changes again and again, by ports. For die-and-resume.test.ts. */
import type { Observation } from '../../../src/cli/observe.ts';
import { pickSuccessor } from '../../../src/topology/plan/plan-takeover.ts';
import type { Wanted } from '../../../src/topology/plan/plan.ts';
import type { TestServer } from '../../support/server-process.ts';
import { waitFor } from '../../support/wait-for.ts';
import { edgesOf, look } from '../../topology/live.ts';
import { changing } from './changing.ts';

export class LiveTree {
  readonly servers: readonly TestServer[];

  constructor(servers: readonly TestServer[]) {
    this.servers = servers;
  }

  /** Those that run. */
  get ports(): number[] {
    return this.servers.filter(({ running }) => running).map(({ port }) => port);
  }

  at(port: number): TestServer {
    const server = this.servers.find((each) => each.port === port);
    if (server === undefined) throw new Error(`nobody is at ${port}`);
    return server;
  }

  /** The ports of those that would take a write, or hold it back. */
  async masters(): Promise<number[]> {
    const roles = await Promise.all(
      this.ports.map(async (port) => [port, await this.at(port).info('role')] as const),
    );
    return roles.flatMap(([port, role]) => (role === 'master' ? [port] : []));
  }

  async edges(): Promise<string[]> {
    return edgesOf(await this.look());
  }

  async upstreams(): Promise<ReadonlyMap<number, number>> {
    const pairs = await this.edges();
    return new Map(pairs.map((edge) => edge.split(' -> ').map(Number) as [number, number]));
  }

  look(): Promise<Observation> {
    const extra = this.ports.map((port) => ({ host: '127.0.0.1', port }));
    return look(this.at(this.ports[0]), { extra });
  }

  /** Whoever dies while PINGs are held must not leave them so. */
  async pingPeriods(): Promise<string[]> {
    const replies = this.ports.map((port) =>
      this.at(port).cli('CONFIG', 'GET', 'repl-ping-replica-period'),
    );
    return [...new Set((await Promise.all(replies)).map((reply) => reply.trim().split('\n')[1]))];
  }

  /** A change that nothing happens to. */
  async change(
    stateDir: string,
    wanted: (idOf: (port: number) => string) => Wanted,
  ): Promise<void> {
    const before = await this.look();
    const idOf = (port: number): string => before.find(String(port)).id;
    const made = changing({ before, stateDir, wanted: wanted(idOf) });
    const { document } = await made.run();
    if (document.outcome !== 'done') throw new Error(`${document.outcome}: ${made.text()}`);
  }

  /** The master dies when everybody has what it has; returns its port. */
  async killMaster(): Promise<number> {
    const [port] = await this.masters();
    const master = this.at(port);
    await waitFor(async () => {
      const offsets = this.ports.map((each) => this.at(each).info('master_repl_offset'));
      return new Set(await Promise.all(offsets)).size === 1;
    });
    await master.kill9();
    return port;
  }

  /** As an operator starts a master again that was away: its file says nothing of what came after. */
  async startAsMaster(port: number): Promise<void> {
    await this.at(port).restart({ args: ['--replicaof', 'no', 'one'] });
  }

  /** The port of the replica that loses least. */
  async successor(): Promise<number> {
    const { topology } = await this.look();
    const node = pickSuccessor(topology);
    if (node === undefined) throw new Error('nobody can take over');
    return node.address.port;
  }
}
