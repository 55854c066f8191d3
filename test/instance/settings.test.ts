import { describe, expect, it } from 'vitest';
import { readSecrets, readSettings } from '../../src/instance/settings.ts';

describe('settings', () => {
  it('are read from what CONFIG GET prints', () => {
    const pairs = new Map([
      ['repl-backlog-size', '1048576'],
      ['client-output-buffer-limit', 'normal 0 0 0 slave 268435456 67108864 60 pubsub 1 2 3'],
      ['replica-read-only', 'no'],
      ['replica-announce-port', '0'],
      ['save', ''],
    ]);
    expect(readSettings(pairs)).toMatchObject({
      replBacklogSize: 1_048_576,
      clientOutputBufferLimit: { hardBytes: 268_435_456, softBytes: 67_108_864, softSeconds: 60 },
      replicaReadOnly: false,
      replicaAnnouncePort: undefined,
      save: '',
    });
  });

  it('are undefined where the server does not say', () => {
    const settings = readSettings(new Map());
    expect(Object.values(settings).filter((value) => value !== undefined)).toEqual([]);
    expect(readSecrets(new Map())).toEqual({ masterauth: undefined, requirepass: undefined });
  });

  it('go by their old names too', () => {
    const pairs = new Map([
      ['repl-ping-slave-period', '7'],
      ['min-slaves-to-write', '2'],
      ['client-output-buffer-limit', 'normal 0 0 0 replica 1 2 3'],
    ]);
    expect(readSettings(pairs)).toMatchObject({
      replPingReplicaPeriod: 7,
      minReplicasToWrite: 2,
      clientOutputBufferLimit: { hardBytes: 1, softBytes: 2, softSeconds: 3 },
    });
  });
});
