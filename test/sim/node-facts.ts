/** What a node says of its replication, as a client reads it from INFO. */
import type { SimNode } from './sim-node.ts';

export interface NodeFacts {
  readonly role: 'master' | 'replica';
  readonly active: boolean;
  readonly replid: string;
  readonly replid2: string;
  readonly offset: number;
  readonly firstByteOffset: number;
  readonly histlen: number;
  readonly backlogSize: number;
  readonly secondOffset: number;
  readonly replicas: readonly ReplicaFacts[];
}

/** A line `slaveN`. */
export interface ReplicaFacts {
  readonly port: number;
  readonly state: string;
  /** What it has acknowledged. */
  readonly offset: number;
  readonly lagSec: number;
}

export function readFacts(node: SimNode): NodeFacts {
  const info = new Map(node.server.context.replication.info());
  const replicas: ReplicaFacts[] = [];
  for (let line = info.get('slave0'); line !== undefined;) {
    replicas.push(readReplica(String(line)));
    line = info.get(`slave${replicas.length}`);
  }
  return {
    role: info.get('role') === 'master' ? 'master' : 'replica',
    active: info.get('repl_backlog_active') === 1,
    replid: String(info.get('master_replid')),
    replid2: String(info.get('master_replid2')),
    offset: Number(info.get('master_repl_offset')),
    firstByteOffset: Number(info.get('repl_backlog_first_byte_offset')),
    histlen: Number(info.get('repl_backlog_histlen')),
    backlogSize: Number(info.get('repl_backlog_size')),
    secondOffset: Number(info.get('second_repl_offset')),
    replicas,
  };
}

function readReplica(line: string): ReplicaFacts {
  const fields = new Map(line.split(',').map((field) => field.split('=') as [string, string]));
  return {
    port: Number(fields.get('port')),
    state: fields.get('state') ?? '',
    offset: Number(fields.get('offset')),
    lagSec: Number(fields.get('lag')),
  };
}
