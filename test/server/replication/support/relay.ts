/**
 * A go-between in the network of a World: it passes on the first bytes of one direction, to the byte,
 * and then cuts the link or stalls it. What a link's fault at a given byte leads to can be tried for
 * every byte of a conversation.
 */
import type { Wire } from '../../../../src/server/replication/ports.ts';
import type { World } from './toy-node.ts';

export interface RelayOptions {
  readonly listenOn: number;
  readonly target: number;
  readonly direction: 'to-master' | 'to-replica';
  /** Bytes of that direction that still pass. */
  readonly afterBytes: number;
  readonly way: 'cut' | 'stall';
}

export interface Relay {
  /** Bytes that have passed in that direction over all links. */
  readonly passedBytes: number;
  /** The fault has come to pass. */
  readonly broken: boolean;
  /** Monotonic milliseconds at which it did. */
  readonly brokenAtMs: number;
  /** From now on everything passes, over new links. */
  mend(): void;
}

export function startRelay(world: World, options: RelayOptions): Relay {
  const { network } = world;
  let leftBytes = options.afterBytes;
  let faulty = true;
  const relay = { passedBytes: 0, broken: false, brokenAtMs: 0, mend };
  const links: { master: Wire; replica: Wire }[] = [];

  function mend(): void {
    faulty = false;
    for (const { master, replica } of links.splice(0)) {
      master.destroy();
      replica.destroy();
    }
  }

  /** How much of `chunk` may pass. */
  function passes(direction: RelayOptions['direction'], chunk: Uint8Array): Uint8Array {
    if (direction !== options.direction) return relay.broken && faulty ? nothing : chunk;
    if (!faulty) return chunk;
    const part = chunk.subarray(0, leftBytes);
    leftBytes -= part.length;
    relay.passedBytes += part.length;
    if (part.length < chunk.length && !relay.broken) {
      relay.broken = true;
      relay.brokenAtMs = world.clock.monotonic();
    }
    return part;
  }

  function onBroken(link: { master: Wire; replica: Wire }): void {
    if (options.way === 'stall') return;
    link.master.destroy();
    link.replica.destroy();
  }

  network.listen(options.listenOn, ({ wire: replica }) => {
    const waiting: Uint8Array[] = [];
    let open = false;
    const forward = (wire: Wire, bytes: Uint8Array): void => {
      if (bytes.length > 0) wire.write(bytes);
      if (relay.broken && faulty) onBroken(link);
    };
    const master = network.connect(
      { host: '127.0.0.1', port: options.target },
      {
        onConnect: () => {
          open = true;
          for (const bytes of waiting.splice(0)) forward(master, bytes);
        },
        onData: (chunk) => forward(replica, passes('to-replica', chunk)),
        onClose: () => replica.destroy(),
      },
    );
    const link = { master, replica };
    links.push(link);
    return {
      onConnect: () => undefined,
      onData: (chunk) => {
        const bytes = passes('to-master', chunk);
        if (open) forward(master, bytes);
        else waiting.push(bytes);
      },
      onClose: () => master.destroy(),
    };
  });
  return relay;
}

const nothing = new Uint8Array(0);
