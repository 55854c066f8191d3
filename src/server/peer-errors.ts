/**
 * Errors where none may be: a command of our master's (or of the append-only file) that fails here
 * means that the data differ, and one of a replica's would be answered in the middle of its stream.
 * They are said in the log in Redis's words, because people and scripts look for them. Called by
 * `Call.error` for such clients.
 */
import { type Client, clientFlags } from './client.ts';
import type { Config } from './config.ts';
import type { Gates } from './gates.ts';
import type { Logger } from './log.ts';
import type { Loading } from './persistence/loading.ts';
import type { ServerStats } from './stats.ts';

/** So much of an error is shown. [networking.c, 7.0] */
const shownErrorBytes = 4096;

/** An error is on its way to one of these: nobody will read it. */
export const peerFlags = clientFlags.master | clientFlags.replica;

/** The parts of the server that it concerns. */
interface PeerErrorDeps {
  readonly config: Config;
  readonly gates: Gates;
  readonly loading: Loading;
  readonly log: Logger;
  readonly stats: ServerStats;
  /** Ends the process. */
  panic(reason: string): void;
}

/** What `propagation-error-behavior` says decides whether the server may go on. */
export function reportPeerError(server: PeerErrorDeps, client: Client, error: string): void {
  const [from, to] = endsOf(server, client);
  const what = `after processing the command '${client.lastCommand?.fullName ?? '<unknown>'}'`;
  server.stats.unexpectedErrorReplies++;
  server.log.warning(
    `== CRITICAL == This ${from} is sending an error to its ${to}: ` +
      `'-${error.slice(0, shownErrorBytes)}' ${what}`,
  );
  const { propagationErrorBehavior: behaviour } = server.config.values;
  const ends =
    behaviour === 'panic'
      ? from === 'server' || server.gates.readOnlyReplica
      : behaviour === 'panic-on-replicas' && server.gates.readOnlyReplica;
  if (client.has(clientFlags.master) && ends) {
    server.panic(`This ${from} panicked sending an error to its ${to} ${what}`);
  }
}

function endsOf({ loading }: PeerErrorDeps, client: Client): readonly [from: string, to: string] {
  if (client.has(clientFlags.replica)) return ['master', 'replica'];
  // The append-only file is read by a client of the same kind, while nothing is followed.
  return loading.kind === 'exclusive' ? ['server', 'AOF-loading-client'] : ['replica', 'master'];
}
