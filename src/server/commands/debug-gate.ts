/**
 * Whether DEBUG may run at all. Dispatch asks before it looks at anything else about the client, as
 * Redis does for its "protected" commands; DEBUG asks again, because a transaction comes later.
 */
import type { Call } from '../call.ts';
import { isLocal } from './config.ts';

/** The error for a client that may not, null for one that may. */
export function debugRefusal(call: Call): string | null {
  const enabled = call.server.config.values.enableDebugCommand;
  return enabled === 'yes' || (enabled === 'local' && isLocal(call)) ? null : notAllowed;
}

const notAllowed =
  'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can ' +
  'run it from a local connection, otherwise you need to set this option in the configuration ' +
  'file, and then restart the server.';
