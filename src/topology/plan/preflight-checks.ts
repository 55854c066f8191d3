/**
 * The table of checks before a change: each looks at what was read and answers yes, no or unknown
 * for a node or a pair, with what it found and the next command. A new check is a new row. Used by
 * preflight.ts; the views print it. Pure.
 */
import { formatAddress, redisCli } from '../../instance/address.ts';
import { canLoadRdb } from '../../instance/version.ts';
import { bytesText, countText, keysText } from '../../util/units.ts';
import type { Forecast } from './forecast.ts';
import { factsOf, linkOf, nodeOf } from '../model.ts';
import type { NodeFacts, NodeId, Topology, TopologyNode } from '../model.ts';
import { commandWords, type CommandName, type PairProbe, type Probe } from './preflight-probe.ts';
import type { Step } from './step.ts';

export interface Finding {
  /** Whom it is about: a name, or `6379 → 6380` for a follower and its upstream. */
  readonly about: string;
  readonly answer: 'yes' | 'no' | 'unknown';
  /** One clause. */
  readonly found: string;
  /** What to type or to look at; undefined for a yes. */
  readonly next: string | undefined;
}

/** All that was read. */
export interface Job {
  readonly topology: Topology;
  readonly steps: readonly Step[];
  readonly forecasts: readonly Forecast[];
  /** Everyone that the steps talk to. */
  readonly nodes: readonly TopologyNode[];
  readonly probes: ReadonlyMap<NodeId, Probe>;
  readonly pairs: readonly PairProbe[];
}

/** The checks in the order in which they are shown: name, and from everything read to answers. */
export const checks = [
  { check: 'reach', judge: judgeReach },
  { check: 'idle', judge: judgeIdle },
  { check: 'mode', judge: judgeMode },
  { check: 'login', judge: judgeLogin },
  { check: 'permissions', judge: judgePermissions },
  { check: 'version', judge: judgeVersion },
  { check: 'data', judge: judgeData },
  { check: 'memory', judge: judgeMemory },
  { check: 'disk', judge: judgeDisk },
  { check: 'announce', judge: judgeAnnounce },
  { check: 'clients', judge: judgeClients },
  { check: 'min-replicas', judge: judgeMinReplicas },
  { check: 'rewrite', judge: judgeRewrite },
  { check: 'sentinel', judge: judgeSentinel },
] as const satisfies readonly { check: string; judge: (job: Job) => Finding[] }[];

export type CheckName = (typeof checks)[number]['check'];

export const checkNames: readonly CheckName[] = checks.map(({ check }) => check);

function judgeReach({ nodes, probes }: Job): Finding[] {
  return nodes.map(({ id, name }) => {
    const failure = probes.get(id)?.failure;
    return failure === undefined
      ? yes(name, 'answers')
      : no(name, failure.message, `repl status ${name}`);
  });
}

/** In the middle of something, a server is no ground to build on. */
function judgeIdle({ nodes, topology }: Job): Finding[] {
  return nodes.map((node) => {
    const facts = factsOf(node);
    const state = facts?.replication.masterFailoverState;
    if (state !== undefined && state !== 'no-failover') {
      return no(node.name, `a FAILOVER is under way (${state})`, 'wait for it, or FAILOVER ABORT');
    }
    const isCopying = linkOf(topology, node.id)?.state === 'syncing';
    if (facts?.loading === true || isCopying) {
      return no(node.name, 'it is loading a copy', 'repl status --watch');
    }
    return yes(node.name, 'has no FAILOVER and no copy under way');
  });
}

function judgeMode({ nodes }: Job): Finding[] {
  return nodes.map((node) => {
    const mode = factsOf(node)?.mode;
    return mode === 'cluster'
      ? no(node.name, 'it is a node of a cluster, which has REPLICAOF no more', 'CLUSTER FAILOVER')
      : yes(node.name, 'is no node of a cluster');
  });
}

/** Can the follower log in at its new upstream, and may it do there what a replica does? */
function judgeLogin({ pairs }: Job): Finding[] {
  return pairs.map(({ replica, upstream, login }) => {
    const about = pairText(replica, upstream);
    const set = redisCli(replica, `CONFIG SET masterauth <the password of ${upstream.name}>`);
    switch (login.kind) {
      case 'let-in':
        return yes(about, 'is let in with its masterauth');
      case 'refused':
        return no(about, `${upstream.name} ${login.why}`, set);
      case 'not-allowed': {
        const rule = `ACL SETUSER ${login.user} +psync +replconf +ping`;
        return no(
          about,
          `its user ${login.user} may not ${login.command} there`,
          `${rule} on ${upstream.name}`,
        );
      }
      case 'unknown':
        return unknown(about, `could not be tried: ${login.why}`);
      default: {
        const never: never = login;
        return never;
      }
    }
  });
}

/** The commands of each kind of step. What can be done without is not asked for. */
const stepCommands: Readonly<Partial<Record<Step['kind'], CommandName>>> = {
  'hold-writes': 'CLIENT PAUSE',
  'release-writes': 'CLIENT UNPAUSE',
  detach: 'REPLICAOF',
  follow: 'REPLICAOF',
  'follow-no-one': 'REPLICAOF',
  failover: 'FAILOVER',
  'rewrite-config': 'CONFIG REWRITE',
};

function judgePermissions({ nodes, steps, probes }: Job): Finding[] {
  return nodes.flatMap((node) => {
    const needed = [
      ...new Set(
        steps
          .filter((step) => step.node === node.id)
          .flatMap(({ kind }) => stepCommands[kind] ?? []),
      ),
    ];
    const may = probes.get(node.id)?.may;
    if (needed.length === 0) return [];
    const denied = needed.filter((name) => may?.get(name) === false);
    if (denied.length > 0) {
      const allow = denied.map(
        (name) =>
          `+${commandWords[name]
            .slice(0, name.includes(' ') ? 2 : 1)
            .join('|')
            .toLowerCase()}`,
      );
      return [
        no(
          node.name,
          `our user may not send ${denied.join(', ')} there, or it is renamed`,
          `ACL SETUSER <our user> ${allow.join(' ')} on ${node.name}`,
        ),
      ];
    }
    const open = hasUsers(factsOf(node))
      ? needed.filter((name) => may?.get(name) === undefined)
      : [];
    return [
      open.length > 0
        ? unknown(
            node.name,
            `the server does not tell (ACL DRYRUN) whether we may send ${open.join(', ')}`,
          )
        : yes(node.name, `lets us send ${needed.join(', ')}`),
    ];
  });
}

/** Before Redis 6, and on the bundled server, whoever knows the password may do everything. */
function hasUsers(facts: NodeFacts | undefined): boolean {
  return facts?.bundled !== true && (facts?.serverVersion?.major ?? 6) >= 6;
}

/** Also where a partial resync is forecast: the next broken link may need a copy. */
function judgeVersion({ pairs }: Job): Finding[] {
  return pairs.map(({ replica, upstream }) => {
    const about = pairText(replica, upstream);
    const [own, above] = [factsOf(replica), factsOf(upstream)];
    if (own === undefined || above === undefined) return unknown(about, 'one of them is silent');
    const can = canLoadRdb(own, above);
    const words = `${versionText(own)} below ${versionText(above)}`;
    if (can === undefined) return unknown(about, `${words}: nobody knows what it can load`);
    return can
      ? yes(about, `${words} can load its copies`)
      : no(
          about,
          `${words} cannot load its copies (RDB version ${above.rdb?.writes})`,
          `upgrade ${replica.name} first, or choose an upstream of its version`,
        );
  });
}

/**
 * What a replica must have of its master's keys. The two are counted at slightly different times, and
 * what expires goes from the master first.
 */
const fewestKeys = 0.9;

/** Who takes over must have the data: equal offsets do not prove it. */
function judgeData({ topology, steps, probes }: Job): Finding[] {
  return promoted(topology, steps).flatMap(({ node, old }) => {
    const [own, above] = [probes.get(node.id)?.data, probes.get(old.id)?.data];
    if (own === undefined || above === undefined) return [];
    const verify = `repl verify ${old.name} ${node.name}`;
    if (factsOf(node)?.replication.upstream?.readOnly === false) {
      const words = 'it takes writes of its own (replica-read-only no), so its data may be another';
      return [no(node.name, words, verify)];
    }
    const has = `has ${keysText(own.keyCount)}, ${old.name} ${countText(above.keyCount)}`;
    if (own.keyCount >= above.keyCount * fewestKeys) return [yes(node.name, has)];
    const words =
      own.keyCount === 0
        ? `it has no keys, and ${old.name} has ${countText(above.keyCount)}`
        : `it ${has}`;
    // What it lacks may be on its way: it was looked at before it had all that the other had then.
    return own.masterReplOffset < above.masterReplOffset
      ? [unknown(node.name, `${words}, but it is behind`)]
      : [no(node.name, `${words}, at the same offset`, verify)];
  });
}

/** A new master may not hold less than the old one; who gets a full copy must have room for it. */
function judgeMemory({ topology, steps, forecasts }: Job): Finding[] {
  const takers = promoted(topology, steps).map(({ node, old }) => ({ node, from: old }));
  const copied = forecasts
    .filter(({ kind }) => kind === 'full')
    .flatMap((each) => {
      const [node, from] = [nodeOf(topology, each.node), nodeOf(topology, each.upstream ?? '')];
      return node === undefined || from === undefined ? [] : [{ node, from }];
    });
  return [...takers, ...copied].flatMap(({ node, from }) => {
    const [own, above] = [factsOf(node), factsOf(from)];
    if (own === undefined || above?.usedMemoryBytes === undefined) return [];
    const { maxmemory = 0 } = own.settings;
    const limit = maxmemory > 0 ? maxmemory : own.totalSystemMemoryBytes;
    if (limit === undefined) return [unknown(node.name, 'its memory is not told')];
    const words = `${from.name} uses ${bytesText(above.usedMemoryBytes)}, ${node.name} may use ${bytesText(limit)}`;
    return above.usedMemoryBytes > limit
      ? [no(node.name, words, `CONFIG SET maxmemory on ${node.name}, or choose another node`)]
      : [yes(node.name, words)];
  });
}

function judgeDisk({ topology, forecasts, probes }: Job): Finding[] {
  return forecasts.flatMap(({ kind, node: id, upstream }) => {
    const node = nodeOf(topology, id);
    const bytes = factsOf(nodeOf(topology, upstream ?? ''))?.usedMemoryBytes;
    if (kind !== 'full' || node === undefined || bytes === undefined) return [];
    const free = probes.get(id)?.freeDiskBytes;
    if (free === undefined) return [unknown(node.name, 'its disk is on another machine')];
    const words = `a copy takes at most ${bytesText(bytes)}, ${bytesText(free)} are free`;
    return [
      free < bytes
        ? no(node.name, words, `make room in ${factsOf(node)?.settings.dir}`)
        : yes(node.name, words),
    ];
  });
}

function judgeAnnounce({ nodes, probes }: Job): Finding[] {
  return nodes.flatMap((node) => {
    const announced = probes.get(node.id)?.announced;
    if (announced === undefined || announced.kind === 'none') return [];
    const at = formatAddress(announced.address);
    const mend = `mend replica-announce-ip and replica-announce-port of ${node.name}`;
    if (announced.kind === 'itself') return [yes(node.name, `answers at ${at}, as it announces`)];
    const what =
      announced.kind === 'silent' ? announced.failure.message : 'another server answers there';
    return [no(node.name, `it announces ${at}: ${what}`, mend)];
  });
}

/** The old master's clients must be able to go on at the new one. */
function judgeClients({ topology, steps, probes }: Job): Finding[] {
  return promoted(topology, steps).flatMap(({ node, old }): Finding[] => {
    const [own, above] = [factsOf(node), factsOf(old)];
    const [here, there] = [probes.get(node.id), probes.get(old.id)];
    if (own === undefined || above === undefined || here === undefined || there === undefined)
      return [];
    const reasons = clientReasons({ own, above, here, there });
    return reasons.length === 0
      ? [yes(node.name, `takes the clients of ${old.name}`)]
      : reasons.map(([found, next]) => no(node.name, found, `${next} on ${node.name}`));
  });
}

function clientReasons(side: {
  own: NodeFacts;
  above: NodeFacts;
  here: Probe;
  there: Probe;
}): [found: string, next: string][] {
  const { own, above, here, there } = side;
  const reasons: [string, string][] = [];
  const [asked, askedThere] = [own.passwords.asked, above.passwords.asked];
  if (asked !== undefined && askedThere !== undefined && asked !== askedThere && asked !== 0) {
    reasons.push(['it asks clients for another password', 'CONFIG SET requirepass']);
  }
  const missing = there.users?.filter((user) => here.users?.includes(user) === false) ?? [];
  if (missing.length > 0) {
    reasons.push([`it has no user ${missing.join(', ')}`, 'ACL SETUSER or ACL LOAD']);
  }
  if ((here.databases ?? 0) < (there.databases ?? 0)) {
    reasons.push([
      `it has ${here.databases} databases, the old master ${there.databases}`,
      'databases in the configuration file',
    ]);
  }
  const clients = (own.connectedClients ?? 0) + (above.connectedClients ?? 0);
  if (here.maxclients !== undefined && here.maxclients < clients) {
    reasons.push([
      `it takes ${here.maxclients} clients, and there will be ${clients}`,
      'CONFIG SET maxclients',
    ]);
  }
  return reasons;
}

/** A new master with too few replicas refuses writes. */
function judgeMinReplicas({ topology, steps }: Job): Finding[] {
  return promoted(topology, steps).flatMap(({ node }) => {
    const wanted = factsOf(node)?.settings.minReplicasToWrite ?? 0;
    const have = steps.filter((step) => step.kind === 'await-link' && step.of === node.id).length;
    if (wanted === 0) return [];
    return wanted > have
      ? [
          no(
            node.name,
            `it takes writes with ${wanted} replicas only, and gets ${have}`,
            `CONFIG SET min-replicas-to-write on ${node.name}`,
          ),
        ]
      : [yes(node.name, `wants ${wanted} replicas, and gets ${have}`)];
  });
}

function judgeRewrite({ steps, nodes, probes }: Job): Finding[] {
  const rewritten = new Set(
    steps.flatMap(({ kind, node }) => (kind === 'rewrite-config' ? [node] : [])),
  );
  return nodes
    .filter(({ id }) => rewritten.has(id))
    .map(({ id, name }) => {
      switch (probes.get(id)?.file) {
        case 'writable':
          return yes(name, 'has a configuration file that can be written');
        case 'none':
          return no(name, 'it was started without a configuration file', 'leave out --persist');
        case 'not-writable':
          return no(name, 'its configuration file cannot be written', 'look at its owner and mode');
        default:
          return unknown(name, 'its configuration file is on another machine');
      }
    });
}

/** They would take a switchover that they did not make for a failure. */
function judgeSentinel({ topology, steps }: Job): Finding[] {
  const changes = promoted(topology, steps);
  if (changes.length === 0) return [];
  return topology.sentinels.flatMap((sentinel) => {
    const { name, state } = sentinel;
    const watches = state.kind === 'up' ? state.watches : [];
    return watches.map((watch) =>
      no(
        name,
        `it watches ${watch.masterName} and does not know of this change`,
        redisCli(sentinel, `SENTINEL FAILOVER ${watch.masterName}`),
      ),
    );
  });
}

/** Who becomes a master in the place of whom; only where that one lives. */
function promoted(
  topology: Topology,
  steps: readonly Step[],
): { node: TopologyNode; old: TopologyNode }[] {
  const demoted = steps.find((step) => step.kind === 'follow' && step.as === 'demotion');
  return steps.flatMap((step) => {
    const ids =
      step.kind === 'failover'
        ? [step.to, step.node]
        : step.kind === 'follow-no-one'
          ? [step.node, demoted?.node ?? '']
          : [];
    const [node, old] = ids.map((id) => nodeOf(topology, id));
    return node === undefined || old === undefined ? [] : [{ node, old }];
  });
}

function pairText(replica: TopologyNode, upstream: TopologyNode): string {
  return `${replica.name} → ${upstream.name}`;
}

function versionText({ product, version }: NodeFacts): string {
  return `${product === 'valkey' ? 'Valkey' : 'Redis'} ${version}`;
}

function yes(about: string, found: string): Finding {
  return { about, answer: 'yes', found, next: undefined };
}

function no(about: string, found: string, next: string): Finding {
  return { about, answer: 'no', found, next };
}

function unknown(about: string, found: string): Finding {
  return { about, answer: 'unknown', found, next: undefined };
}
