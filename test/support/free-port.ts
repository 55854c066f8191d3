/**
 * TCP ports for servers that a test starts. Used by the server helpers, the proxy and tests that
 * write a port into a file before anything listens on it.
 *
 * Ports come from below the kernel's ephemeral range (32768 and up on Linux): a replica that keeps
 * dialling a dead master on an ephemeral port of this host can be given that very port as its own
 * source, and is then connected to itself. Where nothing dials a dead address, port 0 will do.
 */
import { createServer } from 'node:net';

const lowestPort = 20_000;
const highestPort = 32_000;

/** Enough tries to get past a machine that is full of servers. */
const triesLimit = 200;

/** Handed out by this process, and so not handed out again: between two calls nobody may listen. */
const handedOut = new Set<number>();

/** A port of 127.0.0.1 on which nobody listens now. Throws when none can be found. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < triesLimit; tries++) {
    const port = lowestPort + Math.floor(Math.random() * (highestPort - lowestPort));
    if (handedOut.has(port) || !(await canListen(port))) continue;
    handedOut.add(port);
    return port;
  }
  throw new Error(
    `no free port between ${lowestPort} and ${highestPort} after ${triesLimit} tries`,
  );
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)));
  });
}
