/**
 * Four live servers that take one shape after the other, for tests of diagnosis: what a test changes
 * is noted and put back, and the next shape is waited for until nothing is found wrong.
 */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Observation, ObserveOptions } from '../../../src/cli/observe.ts';
import { Secret } from '../../../src/instance/secret.ts';
import { diagnose, type Problem } from '../../../src/topology/findings/diagnose.ts';
import type { LabSpec } from '../../../src/topology/spec.ts';
import type { Resources } from '../../support/resources.ts';
import type { RespArg, RespClient } from '../../support/resp-client.ts';
import type { ServerKind } from '../../support/server-kinds.ts';
import type { TestServer } from '../../support/server-process.ts';
import type { TcpProxy } from '../../support/tcp-proxy.ts';
import { waitFor } from '../../support/wait-for.ts';
import { look, soundArgs } from '../live.ts';

export const names = ['a', 'b', 'c', 'd'] as const;
export type Name = (typeof names)[number];
export type Tree = Readonly<Record<Name, Name | undefined>>;

export const shapes = {
  star: { a: undefined, b: 'a', c: 'a', d: 'a' },
  chain: { a: undefined, b: 'a', c: 'b', d: 'c' },
  mixed: { a: undefined, b: 'a', c: 'b', d: 'a' },
} as const satisfies Record<string, Tree>;
export type Shape = keyof typeof shapes;

const host = '127.0.0.1';
/** So many keys that a copy can be slowed down, and so large that loading looks up after each. */
const keyCount = 10;
const valueBytes = 2000;

/** On a machine of others, a server may be a while in coming back. */
const settleLimitMs = 20_000;

export class Pool {
  readonly servers: Record<Name, TestServer>;
  readonly #use: Resources;
  readonly #clients = new Map<TestServer, RespClient>();
  readonly #undo: (() => unknown)[] = [];
  #tree: Tree = shapes.star;

  private constructor(use: Resources, servers: Record<Name, TestServer>) {
    this.#use = use;
    this.servers = servers;
  }

  static async start(use: Resources, kind: ServerKind): Promise<Pool> {
    const started = names.map(async (name) => {
      const server = await use.server(kind, { conf: 'repl-timeout 60\n', args: soundArgs });
      return [name, server] as const;
    });
    const servers = Object.fromEntries(await Promise.all(started)) as Record<Name, TestServer>;
    return new Pool(use, servers);
  }

  get tree(): Tree {
    return this.#tree;
  }

  /** The deepest node, and whom it follows. */
  get leaf(): Name {
    return this.tree.c === 'b' && this.tree.d === 'a' ? 'c' : 'd';
  }

  get up(): Name {
    return this.tree[this.leaf] ?? 'a';
  }

  address(name: Name): string {
    return `${host}:${this.servers[name].port}`;
  }

  async command(name: Name, ...args: RespArg[]): Promise<unknown> {
    const server = this.servers[name];
    const client = this.#clients.get(server) ?? (await server.connect());
    this.#clients.set(server, client);
    return client.command(...args);
  }

  follow(name: Name, upstream: Name | undefined): Promise<unknown> {
    const words = upstream === undefined ? ['NO', 'ONE'] : [host, this.servers[upstream].port];
    return this.command(name, 'REPLICAOF', ...words);
  }

  /** A setting, until the test is over. */
  async set(name: Name, directive: string, value: string): Promise<void> {
    const before = (await this.command(name, 'CONFIG', 'GET', directive)) as string[];
    this.#undo.push(() => this.command(name, 'CONFIG', 'SET', directive, before[1] ?? ''));
    const reply = await this.command(name, 'CONFIG', 'SET', directive, value);
    if (reply !== 'OK') throw new Error(`${directive} ${value}: ${String(reply)}`);
  }

  /** Another server beside the four, until the test is over. */
  async extra(kind: ServerKind, options: Parameters<Resources['server']>[1]): Promise<TestServer> {
    const server = await this.#use.server(kind, options);
    this.#undo.push(() => server.close());
    return server;
  }

  async proxyTo(name: Name): Promise<TcpProxy> {
    const proxy = await this.#use.proxy({ port: this.servers[name].port });
    this.#undo.push(() => proxy.close());
    return proxy;
  }

  defer(undo: () => unknown): void {
    this.#undo.push(undo);
  }

  async kill(name: Name): Promise<void> {
    this.#clients.delete(this.servers[name]);
    await this.servers[name].kill9();
  }

  /** Dead at once, and back without data. */
  async restart(name: Name, args: readonly string[] = []): Promise<void> {
    await this.kill(name);
    await rm(join(this.servers[name].dir, 'dump.rdb'), { force: true });
    await this.servers[name].restart({ args });
  }

  /** As `repl status a b c d` would see it. */
  look(more: Partial<ObserveOptions> & { password?: string } = {}): Promise<Observation> {
    const words = names.map((name) => this.address(name));
    return look(this.servers.a, { words, timeoutMs: 3000, ...more });
  }

  /** The same servers as an inventory that intends `tree`. */
  lab(tree: Tree = this.#tree): { words: string[]; lab: { dir: string; spec: LabSpec } } {
    const nodes = names.map((name) => {
      const { port } = this.servers[name];
      return { name, host, port, dir: name, replicaof: tree[name] };
    });
    const password = new Secret('');
    return { words: [], lab: { dir: '/', spec: { version: 1, engine: 'redis', password, nodes } } };
  }

  /** Puts everything back, and gives the servers a shape; returns when all links are up. */
  async settle(tree: Tree): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) await undo();
    this.#tree = tree;
    for (const name of names) {
      if (!this.servers[name].running) await this.restart(name);
    }
    for (const name of names) await this.follow(name, tree[name]);
    for (let n = 0; n < keyCount; n++) {
      await this.command('a', 'SET', `key:${n}`, randomBytes(valueBytes / 2).toString('hex'));
    }
    let seen: Observation | undefined;
    await waitFor(async () => this.#isLinked((seen = await this.look())), {
      timeoutMs: settleLimitMs,
      what: () => `the links to be up; ${sentencesOf(seen)}`,
    });
  }

  /** Every replica has its place, its link and all of the data. */
  #isLinked({ topology, find }: Observation): boolean {
    return names.every((name) => {
      const node = find(this.address(name));
      const link = topology.links.find(({ replica }) => replica === node.id);
      const upstream = this.tree[name];
      if (upstream === undefined) return link === undefined && node.state.kind === 'up';
      const isThere = link?.upstream === find(this.address(upstream)).id;
      return isThere && link.state === 'up' && link.lagBytes === 0;
    });
  }
}

function sentencesOf(seen: Observation | undefined): string {
  return seen === undefined
    ? 'nothing was seen'
    : problemsOf(seen)
        .map(({ sentence }) => sentence)
        .join(' ');
}

export function problemsOf({ topology }: Observation): Problem[] {
  return diagnose(topology);
}
