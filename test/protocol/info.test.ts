import { describe, expect, it } from 'vitest';
import {
  infoKeyCount,
  infoNumber,
  parseInfo,
  parseReplicationInfo,
  printInfo,
} from '../../src/protocol/info.ts';
import { infoFixtures } from './info-fixtures.ts';

describe('INFO', () => {
  it('prints what a real server prints', () => {
    for (const text of Object.values(infoFixtures)) {
      expect(printInfo(parseInfo(text).sections)).toBe(text);
    }
  });

  it('separates sections with an empty line', () => {
    const sections = [
      { title: 'Cluster', fields: [['cluster_enabled', 0]] },
      { title: 'Keyspace', fields: [] },
    ] as const;
    expect(printInfo(sections)).toBe('# Cluster\r\ncluster_enabled:0\r\n\r\n# Keyspace\r\n');
    expect(printInfo([])).toBe('');
  });

  it('keeps fields that nobody knows, colons in values, and what stands before any title', () => {
    const info = parseInfo('early:1\r\n# Server\r\nexecutable:/a:b\r\nempty:\r\nno field\r\n');
    expect(info.sections.map(({ title }) => title)).toEqual(['', 'Server']);
    expect([...info.fields]).toEqual([
      ['early', '1'],
      ['executable', '/a:b'],
      ['empty', ''],
    ]);
  });

  it('counts keys and reads numbers', () => {
    const info = parseInfo(
      '# Keyspace\r\ndb0:keys=3,expires=1,avg_ttl=0\r\ndb9:keys=4,expires=0\r\nhz:10\r\n',
    );
    expect(infoKeyCount(info)).toBe(7);
    expect(infoNumber(info, 'hz')).toBe(10);
    expect(infoNumber(info, 'nothing')).toBeUndefined();
  });

  it('never throws', () => {
    for (const text of ['', ':', '#', 'a', '::::', '# x\r\n:y\r\nslave0:\r\nrole:master']) {
      expect(() => parseReplicationInfo(parseInfo(text))).not.toThrow();
    }
  });
});

describe('the replication section', () => {
  const read = (text: string) => parseReplicationInfo(parseInfo(text));

  it('reads a master with its replicas', () => {
    const master = read(infoFixtures.valkey8Master);
    expect(master).toMatchObject({ role: 'master', upstream: undefined, masterReplid2: undefined });
    expect(master?.replicas).toEqual([
      expect.objectContaining({ host: '127.0.0.1', port: 25201, state: 'online' }),
    ]);
    expect(master?.secondReplOffset).toBeUndefined();
  });

  it('reads a replica whose link is up', () => {
    expect(read(infoFixtures.redis7Replica)?.upstream).toMatchObject({
      linkStatus: 'up',
      readOnly: true,
      priority: 100,
      linkDownSinceSeconds: undefined,
      syncTotalBytes: undefined,
    });
  });

  it('reads a copy that comes in, and "never" as undefined', () => {
    expect(read(infoFixtures.redis7Copying)?.upstream).toMatchObject({
      linkStatus: 'down',
      syncInProgress: true,
      syncTotalBytes: 1000,
      syncReadBytes: 420,
      lastIoSecondsAgo: undefined,
      linkDownSinceSeconds: undefined,
    });
    // A server before 7.0 prints the time since 1970.
    const old = infoFixtures.redis7Copying.replace(
      'down_since_seconds:-1',
      'down_since_seconds:1795486202',
    );
    expect(read(old)?.upstream?.linkDownSinceSeconds).toBeUndefined();
  });

  it("reads Valkey's words for the same", () => {
    const renamed = infoFixtures.valkey8Replica
      .replaceAll(/\r\nmaster_(host|port|link_status)/g, '\r\nprimary_$1')
      .replaceAll(/\r\nslave_(repl_offset|read_only)/g, '\r\nreplica_$1');
    expect(renamed).not.toBe(infoFixtures.valkey8Replica);
    expect(read(renamed)).toEqual(read(infoFixtures.valkey8Replica));
    const lines = 'role:primary\r\nreplica0:ip=::1,port=7000,state=online,offset=5,lag=0\r\n';
    expect(read(lines)).toMatchObject({
      role: 'master',
      replicas: [{ host: '::1', port: 7000, ackedOffset: 5 }],
    });
  });

  it('is absent where a Sentinel answers', () => {
    expect(read('# Server\r\nredis_mode:sentinel\r\n')).toBeUndefined();
  });
});
