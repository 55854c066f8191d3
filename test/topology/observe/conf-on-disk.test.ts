import { describe, expect, it } from 'vitest';
import { compareConf } from '../../../src/topology/observe/conf-on-disk.ts';
import { factsOf, type ConfDifference, type NodeFacts } from '../../../src/topology/model.ts';
import { buildTopology } from '../build-topology.ts';

const [master, replica] = buildTopology({
  nodes: { 6379: {}, 6380: { upstream: '6379', settings: { maxmemory: 1_073_741_824 } } },
}).nodes.map((node) => factsOf(node) as NodeFacts);

function differences(text: string, facts: NodeFacts): string[] {
  return compareConf(text, facts).map(
    ({ name, running, file }: ConfDifference) => `${name}: ${running}, not ${file}`,
  );
}

describe('a configuration file and what runs', () => {
  it('agree in whatever units and spelling', () => {
    const text = [
      '# repl-timeout 5',
      'maxmemory 1gb',
      'repl-backlog-size 1mb',
      'Replica-Read-Only YES',
      'replicaof localhost 6379',
      'client-output-buffer-limit replica 1 2 3',
    ].join('\n');
    expect(differences(text, replica)).toEqual([]);
  });

  it('differ where the last line says otherwise', () => {
    const text = [
      'repl-timeout 60',
      'repl-timeout 5',
      'appendonly yes',
      'slaveof 10.0.0.9 6379',
    ].join('\n');
    expect(differences(text, replica)).toEqual([
      'repl-timeout: 60, not 5',
      'appendonly: no, not yes',
      'replicaof: 127.0.0.1 6379, not 10.0.0.9 6379',
    ]);
  });

  it('differ in who is the master', () => {
    expect(differences('', replica)).toEqual(['replicaof: 127.0.0.1 6379, not no one']);
    expect(differences('replicaof no one', master)).toEqual([]);
    expect(differences('replicaof 10.0.0.9 6379', master)).toEqual([
      'replicaof: no one, not 10.0.0.9 6379',
    ]);
  });

  it('are not compared where the file takes in others', () => {
    expect(differences('include other.conf\nrepl-timeout 5', replica)).toEqual([]);
  });
});
