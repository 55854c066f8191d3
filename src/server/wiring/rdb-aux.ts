/** The facts at the head of our RDB files, and what they say of the history when one is loaded. */
import type { ServerContext } from '../context.ts';
import { hashSeedAux, type LoadedFacts } from '../persistence/rdb-load.ts';
import type { AuxFields } from '../persistence/snapshot-entries.ts';
import type { SaveInfo } from '../replication/ports.ts';

export function rdbAux(server: ServerContext, saveInfo: SaveInfo | undefined): AuxFields {
  const general: AuxFields = [
    ['redis-ver', server.version],
    ['redis-bits', 64],
    ['ctime', Math.floor(server.clock.now() / 1000)],
    ['used-mem', server.keyspace.memoryBytes],
  ];
  const history: AuxFields =
    saveInfo === undefined
      ? []
      : [
          ['repl-stream-db', saveInfo.replStreamDb],
          ['repl-id', saveInfo.replId],
          ['repl-offset', saveInfo.replOffset],
        ];
  return [...general, ...history, ['aof-base', 0]];
}

/** The same for an RDB that a replica is sent: how the keys in it are ordered goes along. */
export function fullSyncAux(server: ServerContext, saveInfo: SaveInfo): AuxFields {
  const filled = server.keyspace.databases.filter(({ dict }) => dict.size > 0);
  const seeds = filled.map(({ id, dict }) => [hashSeedAux(id), dict.seed >>> 0] as const);
  return [...rdbAux(server, saveInfo), ...seeds];
}

/** The history that a file was saved with, undefined without a file, or when it says nothing. */
export function savedHistory(facts: LoadedFacts | null): SaveInfo | undefined {
  if (facts === null) return undefined;
  const { aux } = facts;
  const replId = aux.get('repl-id') ?? '';
  const replOffset = Number(aux.get('repl-offset') ?? NaN);
  if (!/^[0-9a-f]{40}$/.test(replId) || !Number.isSafeInteger(replOffset) || replOffset < 0) {
    return undefined;
  }
  return { replId, replOffset, replStreamDb: Number(aux.get('repl-stream-db') ?? 0) };
}
