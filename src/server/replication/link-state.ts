/**
 * The states of a replica's link to its master, in Redis's words and in the order in which they are
 * passed, each with what is awaited in it. INFO, ROLE, the log and the tests derive from this table.
 *
 *   none   connect ──▶ connecting ──▶ receive-… ──▶ transfer ──▶ connected
 *             ▲                                                      │
 *             └───────────── any failure, each with its reason ◀─────┘
 */

/** Columns: state, what is awaited in it, the word that ROLE prints, the phase of an attempt. */
const table = [
  ['none', 'nothing: this node is a master', 'none', 'connect'],
  ['connect', 'the next attempt to connect', 'connect', 'connect'],
  ['connecting', 'the TCP connection', 'handshake', 'connect'],
  ['receive-ping-reply', 'the reply to PING', 'handshake', 'handshake'],
  ['receive-auth-reply', 'the reply to AUTH', 'handshake', 'handshake'],
  ['receive-port-reply', 'the reply to REPLCONF listening-port', 'handshake', 'handshake'],
  ['receive-ip-reply', 'the reply to REPLCONF ip-address', 'handshake', 'handshake'],
  ['receive-capa-reply', 'the reply to REPLCONF capa', 'handshake', 'handshake'],
  ['receive-psync-reply', 'the reply to PSYNC', 'handshake', 'psync'],
  ['transfer', 'the RDB', 'sync', 'load'],
  ['connected', 'the command stream', 'connected', 'stream'],
] as const;

export type LinkState = (typeof table)[number][0];
export type RoleWord = (typeof table)[number][2];
type LinkPhase = (typeof table)[number][3];

export const linkStates: readonly LinkState[] = table.map(([state]) => state);

const rows = new Map(table.map((row) => [row[0], row]));

/** For the log: what did not come. */
export function awaitedIn(state: LinkState): string {
  return rowOf(state)[1];
}

/** The fourth element of a replica's ROLE reply. */
export function roleWord(state: LinkState): RoleWord {
  return rowOf(state)[2];
}

/** Which of its phases an attempt is in, for the log. */
export function phaseOf(state: LinkState): LinkPhase {
  return rowOf(state)[3];
}

/** Why an attempt ends that has heard nothing in this state for `replTimeoutSec` seconds. */
export function explainTimeout(state: LinkState, replTimeoutSec: number): string {
  switch (phaseOf(state)) {
    case 'stream':
      return `timed out: no data nor PING for ${replTimeoutSec} s (repl-timeout)`;
    case 'load':
      return (
        `Timeout receiving bulk data: nothing for ${replTimeoutSec} s; ` +
        'a larger repl-timeout may help'
      );
    default:
      return `Timeout connecting to the MASTER: waited ${replTimeoutSec} s for ${awaitedIn(state)}`;
  }
}

function rowOf(state: LinkState): (typeof table)[number] {
  const row = rows.get(state);
  if (row === undefined) throw new Error(`unknown link state ${state}`);
  return row;
}
