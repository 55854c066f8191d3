/**
 * Whether DEBUG, or what MODULE does with modules, may run at all. Dispatch asks before it looks at
 * anything else about the client, as Redis does for its "protected" commands; they ask again,
 * because a transaction comes later.
 */
import type { Call } from '../call.ts';
import type { Command } from '../command.ts';
import { isLocal } from './config.ts';

/** The error for a client that may not, null for one that may. */
export function protectedRefusal(call: Call, command: Command): string | null {
  const { enableDebugCommand, enableModuleCommand } = call.server.config.values;
  const name = command.fullName.startsWith('module') ? 'module' : 'debug';
  const enabled = name === 'module' ? enableModuleCommand : enableDebugCommand;
  if (enabled === 'yes' || (enabled === 'local' && isLocal(call))) return null;
  return (
    `ERR ${name.toUpperCase()} command not allowed. If the enable-${name}-command option is set to ` +
    '"local", you can run it from a local connection, otherwise you need to set this option in the ' +
    'configuration file, and then restart the server.'
  );
}
