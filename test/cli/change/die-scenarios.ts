/**
 * What each verb that changes something is asked in die-and-resume.test.ts, from wherever the rounds
 * before have left the tree, and what must be true after it was cut short.
 */
import type { Ask } from '../../support/change-then-die.ts';
import { linkUp } from '../../topology/live.ts';
import type { LiveTree } from './live-tree.ts';

export interface Scenario {
  /** Brings the tree to where the verb is for; returns what is asked. */
  ask(tree: LiveTree, stateDir: string): Promise<Ask>;
  /** Deaths: one before the first step, and one after each; fewer have tried nothing. */
  readonly stepsAtLeast: number;
  /** Nodes that may be masters besides the one of the tree, when the change is cut short. */
  readonly besides?: (ask: Ask) => readonly number[];
  /** After so many steps there is no way back, and that is said. */
  readonly noWayBackAfter?: number;
  /** The tree is to be well again, with one master; `asked` was done, or undone. */
  readonly end?: (
    tree: LiveTree,
    stateDir: string,
    asked: { ask: Ask; isDone: boolean },
  ) => Promise<void>;
}

export const scenarios = {
  promote: {
    ask: async (tree) => {
      const [master] = await tree.masters();
      const node = [...(await tree.upstreams())].find(([, above]) => above === master)?.[0];
      return { kind: 'promote', node: node ?? 0 };
    },
    stepsAtLeast: 7,
  },
  reparent: { ask: (tree) => askMove(tree, 'reparent'), stepsAtLeast: 3 },
  replicaof: { ask: (tree) => askMove(tree, 'replicaof'), stepsAtLeast: 3 },
  /** A chain below another master: nobody stays where it was. */
  apply: {
    ask: async (tree) => {
      const [master] = await tree.masters();
      const chain = [...tree.ports.filter((port) => port !== master).reverse(), master];
      return {
        kind: 'apply',
        shape: chain.map((port, at) => [port, at === 0 ? null : chain[at - 1]]),
      };
    },
    stepsAtLeast: 7,
  },
  /** A second master is what was asked for, and what is below it stays below it. */
  'no-one': {
    ask: async (tree) => {
      const upstreams = await tree.upstreams();
      const isChained = (port: number): boolean => [...upstreams.values()].includes(port);
      const node = [...upstreams.keys()].find(isChained) ?? [...upstreams.keys()][0];
      return { kind: 'no-one', node };
    },
    stepsAtLeast: 1,
    besides: nodeOfAsk,
    end: async (tree, stateDir, { ask, isDone }) => {
      const [node] = nodeOfAsk(ask);
      const isSecond = (await tree.masters()).includes(node);
      if (isSecond !== isDone) throw new Error(`${node} is ${isSecond ? 'a' : 'no'} master`);
      if (isDone) await tree.change(stateDir, (idOf) => ({ kind: 'rejoin', node: idOf(node) }));
    },
  },
  /** The master is dead. Once another one takes writes, the way back would lose them. */
  force: {
    ask: async (tree) => {
      await tree.killMaster();
      return { kind: 'force', node: await tree.successor() };
    },
    stepsAtLeast: 2,
    noWayBackAfter: 1,
    end: async (tree, stateDir, { isDone }) => {
      if (!isDone) await takeOver(tree, stateDir);
      const dead = tree.servers.find(({ running }) => !running);
      if (dead !== undefined) await rejoinDead(tree, stateDir, dead.port);
    },
  },
  /** The way back would make a second master of what may be half a copy by now. */
  rejoin: {
    ask: async (tree, stateDir) => {
      const dead = await tree.killMaster();
      await takeOver(tree, stateDir);
      await tree.startAsMaster(dead);
      return { kind: 'rejoin', node: dead };
    },
    stepsAtLeast: 1,
    besides: nodeOfAsk,
    noWayBackAfter: 1,
    end: async (tree, stateDir, { ask, isDone }) => {
      const [node] = nodeOfAsk(ask);
      if (!isDone) await tree.change(stateDir, (idOf) => ({ kind: 'rejoin', node: idOf(node) }));
    },
  },
} as const satisfies Record<string, Scenario>;

async function askMove(tree: LiveTree, kind: 'reparent' | 'replicaof'): Promise<Ask> {
  const upstreams = await tree.upstreams();
  const isUpstream = new Set(upstreams.values());
  const leaf = tree.ports.findLast((port) => !isUpstream.has(port)) ?? 0;
  const other = tree.ports.find((port) => port !== leaf && port !== upstreams.get(leaf)) ?? 0;
  return { kind, node: leaf, upstream: other };
}

function nodeOfAsk(ask: Ask): readonly [number] {
  if (ask.kind === 'apply') throw new Error('it is about all nodes');
  return [ask.node];
}

async function takeOver(tree: LiveTree, stateDir: string): Promise<void> {
  const port = await tree.successor();
  await tree.change(stateDir, (idOf) => ({
    kind: 'promote',
    node: idOf(port),
    force: true,
    acceptHidden: true,
  }));
}

async function rejoinDead(tree: LiveTree, stateDir: string, port: number): Promise<void> {
  await tree.startAsMaster(port);
  await tree.change(stateDir, (idOf) => ({ kind: 'rejoin', node: idOf(port) }));
  await linkUp(tree.at(port));
}
