/**
 * The reply of ROLE: what a server is in replication right now, in a few words. The CLI reads it;
 * unlike INFO it names the state of a replica's link while the link is being made.
 */

export type Role =
  | {
      readonly kind: 'master';
      readonly offset: number;
      readonly replicas: readonly { host: string; port: number; offset: number }[];
    }
  | {
      readonly kind: 'replica';
      readonly host: string;
      readonly port: number;
      /** In order: none, connect, connecting, handshake, sync, connected. */
      readonly state: string;
      /** Undefined until a first synchronisation has begun (sent as -1). */
      readonly offset: number | undefined;
    }
  | { readonly kind: 'sentinel'; readonly masters: readonly string[] };

/** Reads a reply of ROLE that came as nested arrays; undefined when it has another shape. */
export function parseRole(reply: unknown): Role | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [word, ...rest] = reply as unknown[];
  if (word === 'master' || word === 'primary') return parseMasterRole(rest);
  if (word === 'slave' || word === 'replica') return parseReplicaRole(rest);
  if (word === 'sentinel') return { kind: 'sentinel', masters: listOf(rest[0]).map(String) };
  return undefined;
}

function parseMasterRole([offset, replicas]: readonly unknown[]): Role {
  const lines = listOf(replicas).map((line) => {
    const [host, port, acked] = listOf(line);
    return { host: String(host), port: Number(port), offset: Number(acked) };
  });
  return { kind: 'master', offset: Number(offset), replicas: lines };
}

function parseReplicaRole([host, port, state, offset]: readonly unknown[]): Role {
  const known = Number(offset) >= 0 ? Number(offset) : undefined;
  return {
    kind: 'replica',
    host: String(host),
    port: Number(port),
    state: String(state),
    offset: known,
  };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}
