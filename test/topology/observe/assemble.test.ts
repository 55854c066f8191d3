import { describe, expect, it } from 'vitest';
import { parseAddress, type Address } from '../../../src/instance/address.ts';
import type { InstanceReport } from '../../../src/instance/report.ts';
import { Secret } from '../../../src/instance/secret.ts';
import { parseInfo, parseReplicationInfo } from '../../../src/protocol/info.ts';
import { assembleTopology } from '../../../src/topology/observe/assemble.ts';
import type { Seed, Visit } from '../../../src/topology/observe/visit.ts';
import {
  depthOf,
  factsOf,
  findNode,
  judgePassword,
  upstreamOf,
} from '../../../src/topology/model.ts';
import type { Topology } from '../../../src/topology/model.ts';
import { defaultSettings, quietRates } from '../build-topology.ts';

interface Answer {
  runId: string;
  port?: number;
  upstream?: string;
  /** Addresses of `slaveN` lines. */
  lists?: string[];
  replid?: string;
  offset?: number;
  announceIp?: string;
  asked?: string;
  held?: string;
}

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

function answered(at: string, answer: Answer, seed: Partial<Seed> = {}): Visit {
  return {
    seed: { address: address(at), ...seed },
    isGiven: false,
    outcome: { kind: 'ok', value: report(answer) },
  };
}

function silent(at: string, seed: Partial<Seed> = {}, kind: 'timeout' | 'auth' = 'timeout'): Visit {
  return {
    seed: { address: address(at), ...seed },
    isGiven: false,
    outcome: { kind: 'failed', failure: { kind, message: 'x' } },
  };
}

function report({
  runId,
  port = 6379,
  upstream,
  lists = [],
  replid = 'a',
  offset = 100,
  ...rest
}: Answer): InstanceReport {
  const above = upstream === undefined ? undefined : address(upstream);
  const lines = lists
    .map(address)
    .map(({ host, port: at }, n) => `slave${n}:ip=${host},port=${at},state=online,offset=1,lag=0`);
  const link = above && [
    `master_host:${above.host}`,
    `master_port:${above.port}`,
    'master_link_status:up',
    `slave_repl_offset:${offset}`,
  ];
  const text = [
    '# Replication',
    `role:${above ? 'slave' : 'master'}`,
    ...(link ?? []),
    ...lines,
    `master_replid:${replid}`,
    `master_repl_offset:${offset}`,
  ];
  const info = parseInfo(text.join('\r\n'));
  const replication = parseReplicationInfo(info);
  if (replication === undefined) throw new Error('no replication');
  return {
    runId,
    product: 'redis',
    bundled: false,
    version: '7.0.15',
    serverVersion: { major: 7, minor: 0, patch: 15 },
    rdb: { writes: 10, loads: 10 },
    mode: 'standalone',
    tcpPort: port,
    configFile: undefined,
    uptimeSeconds: 1,
    loading: false,
    keyCount: 0,
    usedMemoryBytes: 0,
    totalSystemMemoryBytes: 0,
    connectedClients: 1,
    rates: quietRates,
    syncFull: 0,
    syncPartialOk: 0,
    syncPartialErr: 0,
    outputBufferDisconnections: 0,
    replication,
    info,
    role: undefined,
    linkPhase: undefined,
    settings: { ...defaultSettings, replicaAnnounceIp: rest.announceIp },
    secrets: {
      masterauth: rest.held === undefined ? undefined : new Secret(rest.held),
      requirepass: rest.asked === undefined ? undefined : new Secret(rest.asked),
    },
    sampledAtMs: 0,
  };
}

function edges(topology: Topology): string[] {
  return topology.nodes.map(
    (node) => `${node.name} -> ${upstreamOf(topology, node.id)?.name ?? 'none'}`,
  );
}

describe('one node under many addresses', () => {
  it('is one node by its run id', () => {
    const topology = assembleTopology(
      [
        answered('db.example:6379', { runId: 'm' }),
        answered('10.0.0.1:6379', { runId: 'm' }),
        answered('10.0.0.2:6379', { runId: 'r', upstream: 'db.example:6379' }),
      ],
      'address',
    );
    expect(edges(topology)).toEqual(['10.0.0.1:6379 -> none', '10.0.0.2:6379 -> 10.0.0.1:6379']);
    expect(findNode(topology, 'db.example:6379')?.id).toBe('m');
  });

  it("has the inventory's name, and is dialled by others where others can reach it", () => {
    const topology = assembleTopology(
      [
        answered('10.0.0.1:6379', { runId: 'm' }),
        answered(
          '127.0.0.1:6379',
          { runId: 'm' },
          { name: 'redis6379', expected: { upstreamName: undefined } },
        ),
      ],
      'inventory',
    );
    expect(topology.nodes).toMatchObject([
      { name: 'redis6379', address: { host: '127.0.0.1' }, dialAddress: { host: '10.0.0.1' } },
    ]);
  });

  it('is not doubled when what it announces cannot be reached from here', () => {
    const topology = assembleTopology(
      [
        answered('127.0.0.1:7000', { runId: 'm', lists: ['172.17.0.3:7001'] }),
        answered('127.0.0.1:7001', {
          runId: 'r',
          port: 7001,
          upstream: '127.0.0.1:7000',
          announceIp: '172.17.0.3',
        }),
        silent('172.17.0.3:7001'),
      ],
      'inventory',
    );
    expect(edges(topology)).toEqual(['127.0.0.1:7000 -> none', '127.0.0.1:7001 -> 127.0.0.1:7000']);
    expect(topology.nodes[1].dialAddress).toEqual({ host: '172.17.0.3', port: 7001 });
  });

  it('is not doubled when its replicas know it by a name that we cannot use', () => {
    const topology = assembleTopology(
      [
        answered('127.0.0.1:7000', { runId: 'm', lists: ['172.17.0.3:7001'] }),
        answered('127.0.0.1:7001', { runId: 'r', port: 7001, upstream: 'redis-master:6379' }),
        silent('redis-master:6379'),
        silent('172.17.0.3:7001'),
      ],
      'inventory',
    );
    expect(edges(topology)).toEqual(['127.0.0.1:7000 -> none', '127.0.0.1:7001 -> 127.0.0.1:7000']);
  });

  it('stays two nodes where more than one would fit', () => {
    const topology = assembleTopology(
      [
        answered('127.0.0.1:7000', { runId: 'm', lists: ['172.17.0.9:6379'] }),
        answered('127.0.0.1:7001', { runId: 'r1', upstream: '127.0.0.1:7000' }),
        answered('127.0.0.1:7002', { runId: 'r2', upstream: '127.0.0.1:7000' }),
        silent('172.17.0.9:6379'),
      ],
      'address',
    );
    expect(topology.nodes).toHaveLength(4);
  });

  it('on a remote machine means that machine when it says localhost', () => {
    const topology = assembleTopology(
      [
        answered('10.0.0.1:6379', { runId: 'm', lists: ['127.0.0.1:6380'] }),
        answered('10.0.0.1:6380', { runId: 'r', upstream: '127.0.0.1:6379' }),
      ],
      'address',
    );
    expect(edges(topology)).toEqual(['10.0.0.1:6379 -> none', '10.0.0.1:6380 -> 10.0.0.1:6379']);
  });
});

describe('a node that does not answer', () => {
  const named = (name: string, upstreamName?: string): Partial<Seed> => ({
    name,
    expected: { upstreamName },
  });

  it('keeps its place in the inventory', () => {
    const topology = assembleTopology(
      [
        silent('127.0.0.1:1', named('a')),
        silent('127.0.0.1:2', named('b', 'a')),
        silent('127.0.0.1:3', named('c', 'b')),
      ],
      'inventory',
    );
    expect(edges(topology)).toEqual(['a -> none', 'b -> a', 'c -> b']);
    expect(depthOf(topology)).toBe(2);
  });

  it('is not below one that follows it by now, whatever the inventory says', () => {
    const topology = assembleTopology(
      [
        answered('127.0.0.1:1', { runId: 'a', upstream: '127.0.0.1:3' }, named('a')),
        answered('127.0.0.1:2', { runId: 'b', upstream: '127.0.0.1:1' }, named('b', 'a')),
        silent('127.0.0.1:3', named('c', 'b')),
      ],
      'inventory',
    );
    expect(edges(topology)).toEqual(['a -> c', 'b -> a', 'c -> none']);
  });

  it('keeps its place above those who follow it', () => {
    const topology = assembleTopology(
      [
        silent('10.0.0.1:6379'),
        answered('10.0.0.2:6379', { runId: 'r', upstream: '10.0.0.1:6379' }),
      ],
      'address',
    );
    expect(edges(topology)).toEqual(['10.0.0.1:6379 -> none', '10.0.0.2:6379 -> 10.0.0.1:6379']);
  });

  it('keeps its place below the one that lists it', () => {
    const topology = assembleTopology(
      [
        answered('10.0.0.1:6379', { runId: 'm', lists: ['10.0.0.2:6379'] }),
        silent('10.0.0.2:6379', {}, 'auth'),
      ],
      'address',
    );
    expect(edges(topology)).toEqual(['10.0.0.1:6379 -> none', '10.0.0.2:6379 -> 10.0.0.1:6379']);
    expect(topology.links[0]).toMatchObject({ knownFrom: 'upstream', state: 'unknown' });
  });

  it('is one node, when its replica knows it by another address than the inventory', () => {
    const topology = assembleTopology(
      [
        silent('127.0.0.1:6379', named('a')),
        answered('127.0.0.1:6380', { runId: 'r', upstream: '192.168.0.5:6379' }, named('b', 'a')),
        silent('192.168.0.5:6379'),
      ],
      'inventory',
    );
    expect(edges(topology)).toEqual(['a -> none', 'b -> a']);
  });
});

describe('what links say', () => {
  it('lag in bytes is never negative, and unknown between two histories', () => {
    const master = answered('10.0.0.1:1', { runId: 'm', offset: 500 });
    const at = (offset: number, replid: string): Visit =>
      answered('10.0.0.2:1', { runId: 'r', upstream: '10.0.0.1:1', offset, replid });
    const lag = (visit: Visit): number | undefined =>
      assembleTopology([master, visit], 'address').links[0].lagBytes;
    expect([lag(at(480, 'a')), lag(at(510, 'a')), lag(at(480, 'b'))]).toEqual([20, 0, undefined]);
  });

  it('passwords are compared, not kept', () => {
    const topology = assembleTopology(
      [
        answered('10.0.0.1:1', { runId: 'm', asked: 'hunter2', held: '' }),
        answered('10.0.0.2:1', {
          runId: 'r',
          upstream: '10.0.0.1:1',
          asked: 'other',
          held: 'hunter2',
        }),
      ],
      'address',
    );
    const [master, replica] = topology.nodes.map(factsOf);
    expect(judgePassword(replica, master)).toBe('fits');
    expect(judgePassword(master, replica)).toBe('missing');
    expect(JSON.stringify(topology)).not.toContain('hunter2');
  });
});
