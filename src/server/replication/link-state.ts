/**
 * The states of a replica's link to its master, in Redis's words and in the order in which they are
 * passed, each with what is awaited in it. INFO, ROLE, the log and the tests derive from this table.
 *
 *   none   connect ──▶ connecting ──▶ receive-… ──▶ transfer ──▶ connected
 *             ▲                                                      │
 *             └───────────── any failure, each with its reason ◀─────┘
 */

/** Columns: state, what is awaited in it, the word that ROLE prints. */
const table = [
  ['none', 'nothing: this node is a master', 'none'],
  ['connect', 'the next attempt to connect', 'connect'],
  ['connecting', 'the TCP connection', 'handshake'],
  ['receive-ping-reply', 'the reply to PING', 'handshake'],
  ['receive-auth-reply', 'the reply to AUTH', 'handshake'],
  ['receive-port-reply', 'the reply to REPLCONF listening-port', 'handshake'],
  ['receive-ip-reply', 'the reply to REPLCONF ip-address', 'handshake'],
  ['receive-capa-reply', 'the reply to REPLCONF capa', 'handshake'],
  ['receive-psync-reply', 'the reply to PSYNC', 'handshake'],
  ['transfer', 'the RDB', 'sync'],
  ['connected', 'the command stream', 'connected'],
] as const;

export type LinkState = (typeof table)[number][0];
export type RoleWord = (typeof table)[number][2];

export const linkStates: readonly LinkState[] = table.map(([state]) => state);

const rows = new Map(table.map((row) => [row[0], row]));

/** For the log: `timed out waiting for <…>`. */
export function awaitedIn(state: LinkState): string {
  return rowOf(state)[1];
}

/** The fourth element of a replica's ROLE reply. */
export function roleWord(state: LinkState): RoleWord {
  return rowOf(state)[2];
}

function rowOf(state: LinkState): (typeof table)[number] {
  const row = rows.get(state);
  if (row === undefined) throw new Error(`unknown link state ${state}`);
  return row;
}
