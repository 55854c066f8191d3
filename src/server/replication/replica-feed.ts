/**
 * Moves bytes from the log to the replicas' sockets: one write at a time per replica, straight from
 * the log's blocks, and the cursor advances when the socket has finished with the bytes. Also judges
 * how far behind a replica may fall. Called by the master side, once per turn of the event loop.
 */
import type { OutputBufferLimit } from './ports.ts';
import type { Replica } from './replica.ts';

/** Writes what the log holds for this replica, as far as its socket is free. */
export function pumpReplica(replica: Replica): void {
  const { cursor, connection } = replica;
  if (cursor === undefined) return;
  while (replica.streaming && replica.inFlightBytes === 0 && !replica.closed) {
    const view = cursor.peek();
    if (view.length === 0) return;
    replica.inFlightBytes = view.length;
    // The socket may call back at once, or later; both end up here again.
    let returned = false;
    connection.write(view, () => {
      replica.inFlightBytes = 0;
      if (replica.closed) return;
      cursor.advance(view.length);
      if (returned) pumpReplica(replica);
    });
    returned = true;
  }
}

export type LimitVerdict =
  | { readonly kind: 'ok' }
  | { readonly kind: 'over'; readonly because: string };

/**
 * `client-output-buffer-limit replica`, applied to the distance between the replica's cursor and the
 * end of the log. A limit below the backlog's size counts as the backlog's size, because those bytes
 * are kept anyway. [redis 7.0]
 */
export function judgeLag(
  replica: Replica,
  options: { limit: OutputBufferLimit; replBacklogSize: number; nowMs: number },
): LimitVerdict {
  const { limit, replBacklogSize, nowMs } = options;
  const lagBytes = replica.cursor?.lagBytes ?? 0;
  const hardBytes = limit.hardLimitBytes && Math.max(limit.hardLimitBytes, replBacklogSize);
  if (hardBytes > 0 && lagBytes > hardBytes) {
    return { kind: 'over', because: `${lagBytes} bytes behind, hard limit ${hardBytes}` };
  }
  const softBytes = limit.softLimitBytes && Math.max(limit.softLimitBytes, replBacklogSize);
  if (softBytes === 0 || lagBytes <= softBytes) {
    replica.overSoftLimitSinceMs = undefined;
    return { kind: 'ok' };
  }
  replica.overSoftLimitSinceMs ??= nowMs;
  const overMs = nowMs - replica.overSoftLimitSinceMs;
  if (overMs <= limit.softLimitSec * 1000) return { kind: 'ok' };
  const because = `${lagBytes} bytes behind, over the soft limit ${softBytes} for ${Math.round(overMs / 1000)} s`;
  return { kind: 'over', because };
}
