/** The two words after REPLICAOF: an address, or `no one`. Used by `repl replicaof`. */
import { parseAddress, type Address } from '../instance/address.ts';
import { OperatorError } from '../util/errors.ts';
import { exitCodes } from './exit-codes.ts';

/** Throws an OperatorError when the words are neither. */
export function parseUpstream(host: string, port: string): Address | 'no-one' {
  if (host.toLowerCase() === 'no' && port.toLowerCase() === 'one') return 'no-one';
  const address = /^\d+$/.test(port) ? parseAddress(`[${host}]:${port}`) : undefined;
  if (address !== undefined) return address;
  throw new OperatorError(`"${host} ${port}" is neither HOST PORT nor "no one"`, {
    hint: 'repl replicaof 6381 127.0.0.1 6380',
    exitCode: exitCodes.usage,
  });
}
