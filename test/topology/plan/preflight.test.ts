/**
 * Seeded misconfigurations before a promotion, each on real servers: all are stopped, and no server
 * has been sent anything but questions.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  checkPlan,
  throwRefusedChecks,
  type CheckPlanOptions,
} from '../../../src/cli/change/check-plan.ts';
import { planChange } from '../../../src/topology/plan/plan.ts';
import { OperatorError } from '../../../src/util/errors.ts';
import { formatReply } from '../../support/resp-client.ts';
import { useResources } from '../../support/resources.ts';
import { needServer, type ServerKind } from '../../support/server-kinds.ts';
import type { TestServer } from '../../support/server-process.ts';
import { waitFor } from '../../support/wait-for.ts';
import { linkUp, look } from '../live.ts';

const use = useResources();

/** The master, who is to take over, and one beside it. */
interface Trio {
  m: TestServer;
  t: TestServer;
  s: TestServer;
}

interface Seeded {
  name: string;
  /** The check that must say no, or the reason of the planner's refusal. */
  stoppedBy: string;
  kinds?: Partial<Record<keyof Trio, ServerKind>>;
  args?: Partial<Record<keyof Trio, string[]>>;
  persist?: boolean;
  /** Who is started without a configuration file. */
  without?: keyof Trio;
  spoil?: (trio: Trio) => Promise<unknown>;
}

const set =
  (who: keyof Trio, ...pairs: (string | number)[]) =>
  async (trio: Trio): Promise<unknown> =>
    trio[who].cli('CONFIG', 'SET', ...pairs);

const acl =
  (who: keyof Trio, ...rules: string[]) =>
  async (trio: Trio): Promise<unknown> =>
    trio[who].cli('ACL', 'SETUSER', ...rules);

const all =
  (...steps: ((trio: Trio) => Promise<unknown>)[]) =>
  async (trio: Trio): Promise<void> => {
    for (const step of steps) await step(trio);
  };

/** Sets the password of clients last, for the helpers do not know it. */
const lock = (who: keyof Trio) => set(who, 'requirepass', password);

const password = 'pw';
const replicaUser = (...rules: string[]) =>
  all(
    acl('t', 'repl', 'on', `>${password}`, ...rules),
    set('m', 'masteruser', 'repl', 'masterauth', password),
  );

const seeded: readonly Seeded[] = [
  {
    name: 'the old master has no password for the new one',
    stoppedBy: 'masterauth',
    spoil: all(set('s', 'masterauth', password), lock('t')),
  },
  {
    name: 'the old master has a wrong password',
    stoppedBy: 'masterauth',
    spoil: all(set('m', 'masterauth', 'other'), set('s', 'masterauth', password), lock('t')),
  },
  {
    name: 'the replica beside has no password',
    stoppedBy: 'masterauth',
    spoil: all(set('m', 'masterauth', password), lock('t')),
  },
  {
    name: 'the old master logs in as a user that is not there',
    stoppedBy: 'login',
    spoil: set('m', 'masteruser', 'nobody', 'masterauth', 'x'),
  },
  {
    name: 'the replica beside logs in as a user that is not there',
    stoppedBy: 'login',
    spoil: set('s', 'masteruser', 'nobody', 'masterauth', 'x'),
  },
  {
    name: 'the old master logs in with a wrong password of a user',
    stoppedBy: 'login',
    spoil: all(
      acl('t', 'repl', 'on', '>right', '+@all'),
      set('m', 'masteruser', 'repl', 'masterauth', 'wrong'),
    ),
  },
  {
    name: 'the user of the replicas may not PSYNC',
    stoppedBy: 'login',
    spoil: replicaUser('+ping', '+replconf'),
  },
  {
    name: 'the user of the replicas may not REPLCONF',
    stoppedBy: 'login',
    spoil: replicaUser('+ping', '+psync'),
  },
  {
    name: 'the user of the replicas is switched off',
    stoppedBy: 'login',
    spoil: all(replicaUser('+@all'), acl('t', 'repl', 'off')),
  },
  {
    name: 'we may not demote the old master',
    stoppedBy: 'permissions',
    spoil: acl('m', 'default', '-replicaof'),
  },
  {
    name: 'we may not promote the new one',
    stoppedBy: 'permissions',
    spoil: acl('t', 'default', '-replicaof'),
  },
  {
    name: 'we may not move the replica beside',
    stoppedBy: 'permissions',
    spoil: acl('s', 'default', '-replicaof'),
  },
  {
    name: 'we may neither hold writes nor fail over',
    stoppedBy: 'cannot-hold',
    spoil: acl('m', 'default', '-client|pause', '-failover'),
  },
  {
    name: 'we may hold writes and not release them',
    stoppedBy: 'permissions',
    spoil: acl('m', 'default', '-client|unpause'),
  },
  {
    name: 'REPLICAOF is renamed',
    stoppedBy: 'permissions',
    args: { t: ['--rename-command', 'REPLICAOF', ''] },
  },
  {
    name: 'we may not rewrite a file',
    stoppedBy: 'permissions',
    persist: true,
    spoil: acl('t', 'default', '-config|rewrite'),
  },
  {
    name: 'the new master has no file to rewrite',
    stoppedBy: 'rewrite',
    persist: true,
    without: 't',
  },
  {
    name: 'the old master has no file to rewrite',
    stoppedBy: 'rewrite',
    persist: true,
    without: 'm',
  },
  {
    name: 'the file of the new master is gone',
    stoppedBy: 'rewrite',
    persist: true,
    spoil: async ({ t }) => rmSync(join(t.dir, 'server.conf')),
  },
  {
    name: 'the new master announces a port where nobody listens',
    stoppedBy: 'announce',
    spoil: set('t', 'replica-announce-port', 1),
  },
  {
    name: 'the new master announces an address where nobody listens',
    stoppedBy: 'announce',
    spoil: set('t', 'replica-announce-ip', '127.0.0.2'),
  },
  {
    name: 'the old master announces the port of another',
    stoppedBy: 'announce',
    spoil: async (trio) => trio.m.cli('CONFIG', 'SET', 'replica-announce-port', trio.s.port),
  },
  {
    name: 'the old master is too old for the copies of the new one',
    stoppedBy: 'version',
    kinds: { t: 'redis8' },
  },
  { name: 'the replica beside is too old, too', stoppedBy: 'version', kinds: { t: 'valkey8' } },
  {
    name: 'the new master may use less memory than the old one uses',
    stoppedBy: 'memory',
    spoil: set('t', 'maxmemory', '500kb'),
  },
  {
    name: 'the new master wants more replicas than it gets',
    stoppedBy: 'min-replicas',
    spoil: set('t', 'min-replicas-to-write', 3),
  },
  {
    name: 'the new master asks clients for a password that the old one did not ask for',
    stoppedBy: 'clients',
    spoil: all(set('m', 'masterauth', password), set('s', 'masterauth', password), lock('t')),
  },
  {
    name: 'the new master lacks a user of the old one',
    stoppedBy: 'clients',
    spoil: acl('m', 'app', 'on', '>x', '+@all'),
  },
  {
    name: 'the new master has fewer databases',
    stoppedBy: 'clients',
    args: { t: ['--databases', '4'] },
  },
  {
    name: 'the new master takes fewer clients than there are',
    stoppedBy: 'clients',
    spoil: async ({ m, t }) => {
      await t.cli('CONFIG', 'SET', 'maxclients', 20);
      for (let n = 0; n < 20; n++) await m.connect();
    },
  },
  {
    name: 'the new master has lost its keys',
    stoppedBy: 'data',
    spoil: all(
      set('t', 'replica-read-only', 'no'),
      async ({ t }) => t.cli('FLUSHALL'),
      set('t', 'replica-read-only', 'yes'),
    ),
  },
  {
    name: 'the old master has keys that it never sent',
    stoppedBy: 'data',
    spoil: async ({ m }) => m.cli('DEBUG', 'POPULATE', 1000),
  },
  {
    name: 'the new master takes writes of its own',
    stoppedBy: 'data',
    spoil: set('t', 'replica-read-only', 'no'),
  },
];

/** What may be sent to a server that nothing is to be changed on: questions, and ours to log in. */
const questions = new Set(
  'info role ping auth config|get acl|whoami acl|dryrun acl|users command|info sentinel|masters client|setname client|list hello select replconf psync'.split(
    ' ',
  ),
);

describe('a promotion over a misconfiguration', () => {
  it('comes in at least 25 kinds', () => {
    expect(seeded.length).toBeGreaterThanOrEqual(25);
  });

  for (const each of seeded) {
    it(`is stopped: ${each.name}`, async (context) => {
      needServer(context, 'redis7', ...Object.values(each.kinds ?? {}));
      const trio = await startTrio(each);
      await each.spoil?.(trio);
      const servers = Object.values(trio);
      for (const server of servers) await say(server, 'CONFIG', 'RESETSTAT');
      expect(await stopReasons(trio, each.persist ?? false)).toContain(each.stoppedBy);
      for (const server of servers) {
        const sent = await sentTo(server);
        expect(sent).toContain('info');
        expect(sent.filter((command) => !questions.has(command))).toEqual([]);
      }
      expect(await say(trio.m, 'ROLE')).toContain('master');
    });
  }

  it('goes on where nothing is wrong', async (context) => {
    needServer(context, 'redis7');
    const trio = await startTrio({});
    expect(await stopReasons(trio, true)).toEqual([]);
  });

  it('leaves nothing open on servers that have no users', async () => {
    const { m, t, s } = await startTrio({ kinds: { m: 'bundled', t: 'bundled', s: 'bundled' } });
    const words = [m, t, s].map(({ port }) => `127.0.0.1:${port}`);
    const before = await look(m, { words });
    const wanted = { kind: 'promote', node: before.find(words[1]).id } as const;
    const { results } = await checkPlan({
      before,
      plan: (topology, abilities) => {
        const planned = planChange(topology, wanted, {
          persist: false,
          ...(abilities && { abilities }),
        });
        if (planned.kind === 'plan') return planned;
        throw new OperatorError(planned.message);
      },
      skip: [],
    });
    expect(results.filter(({ answer }) => answer !== 'yes')).toEqual([]);
  });
});

async function startTrio({ kinds, args, without }: Partial<Seeded>): Promise<Trio> {
  const start = async (who: keyof Trio, upstream?: TestServer): Promise<TestServer> => {
    const replicaof = upstream === undefined ? [] : ['--replicaof', `127.0.0.1 ${upstream.port}`];
    return use.server(kinds?.[who] ?? 'redis7', {
      args: [...replicaof, ...(args?.[who] ?? [])],
      ...(without === who ? {} : { conf: 'appendonly no\n' }),
    });
  };
  const m = await start('m');
  const [t, s] = [await start('t', m), await start('s', m)];
  await m.cli('SET', 'key', 'value');
  for (const server of [t, s]) {
    await linkUp(server);
    await waitFor(async () => (await server.cli('DBSIZE')).includes('1'));
  }
  return { m, t, s };
}

/** The checks that say no, or the planner's reason; none when it would be done. */
async function stopReasons({ m, t, s }: Trio, persist: boolean): Promise<string[]> {
  const words = [m, t, s].map(({ port }) => `127.0.0.1:${port}`);
  const before = await look(m, { words, password });
  const node = before.find(words[1]).id;
  let refused: string | undefined;
  const plan: CheckPlanOptions['plan'] = (topology, abilities) => {
    const options = { persist, ...(abilities && { abilities }) };
    const planned = planChange(topology, { kind: 'promote', node }, options);
    if (planned.kind === 'plan') return planned;
    refused = planned.because;
    throw new OperatorError(planned.message);
  };
  try {
    const { results } = await checkPlan({ before, plan, skip: [] });
    const reasons = results.filter(({ answer }) => answer === 'no').map(({ check }) => check);
    if (reasons.length > 0)
      expect(() => throwRefusedChecks(results)).toThrow('nothing was changed');
    return reasons;
  } catch (error) {
    if (refused === undefined) throw error;
    return [refused];
  }
}

/** The commands that a server has got since its counters were reset. */
async function sentTo(server: TestServer): Promise<string[]> {
  const stats = await say(server, 'INFO', 'commandstats');
  return [...stats.matchAll(/^cmdstat_([^:]+):/gm)]
    .map(([, name]) => name)
    .filter((name) => name !== 'config|resetstat');
}

/** With the password where one is asked for by now. */
async function say(server: TestServer, ...words: string[]): Promise<string> {
  const client = await use
    .client({ port: server.port, password })
    .catch(() => use.client({ port: server.port }));
  return formatReply(await client.command(...words));
}
