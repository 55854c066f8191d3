/** What a bundled server needs from outside: the process gives the real things, tests their own. */
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import type { Config } from './config.ts';
import type { Logger } from './log.ts';
import type { Connect } from './replication/ports.ts';

export interface ServerEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly config: Config;
  readonly pid: number;
  /** Opens the connection to a master. */
  readonly connect: Connect;
  /** Runs a function in a later turn of the event loop (setImmediate). */
  readonly defer: (fn: () => void) => void;
  /** CONFIG SET dir: returns an error text when the directory cannot be used. */
  readonly changeDirectory: (path: string) => string | null;
  /**
   * CONFIG SET port and bind: listens where the configuration says by now. Resolves to an error text,
   * and listens where it did before, when it cannot. Absent where nothing listens.
   */
  readonly listenAnew?: () => Promise<string | null>;
  /** The server cannot go on, and has said why in its log. */
  readonly onFatal: () => void;
  /** Called once the server has stopped by a client's SHUTDOWN or a signal. */
  readonly onStopped: () => void;
}
