/**
 * The Wire to a master over TCP. The composition root passes it in as `connect`; replication itself
 * never sees a socket.
 */
import net from 'node:net';
import type { MasterAddress, Wire, WireEvents } from './ports.ts';

/** `sourceAddress` is the first address of `bind-source-addr` or `bind`, when one must be used. */
export function connectTcp(
  { host, port }: MasterAddress,
  events: WireEvents,
  options: { sourceAddress?: string } = {},
): Wire {
  const local = options.sourceAddress === undefined ? {} : { localAddress: options.sourceAddress };
  const socket = net.connect({ host, port, noDelay: true, ...local });
  let failure: string | undefined;
  let ended = false;
  socket.on('connect', () => events.onConnect());
  socket.on('data', (chunk: Buffer) => events.onData(chunk));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.message || error.code;
  });
  socket.on('close', () => {
    if (ended) return;
    ended = true;
    events.onClose(failure ?? 'closed by the other end');
  });
  return {
    write(bytes, written) {
      socket.write(bytes, () => written?.());
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    destroy() {
      ended = true;
      socket.destroy();
    },
  };
}
