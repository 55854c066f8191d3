/** The way out of clients that have nobody at their other end: our master, the append-only file. */
import type { ClientTransport } from '../client.ts';

/** Nothing is ever replied to them; a master's ACKs go through the replica link. */
export function silentTransport(address: string): ClientTransport {
  const nothing = (): void => undefined;
  return {
    address,
    localAddress: '',
    pendingBytes: 0,
    write: (_bytes, written) => written?.(),
    gather: nothing,
    sendGathered: nothing,
    setNoDelay: nothing,
    pause: nothing,
    resume: nothing,
    end: nothing,
    destroy: nothing,
  };
}
