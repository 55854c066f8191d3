/** Asks two servers the same, one request at a time: every reply must be the same to the byte. */
import { expect } from 'vitest';
import type { RandomRequest } from './random-requests.ts';
import { encodeCommand, type RespClient } from './resp-client.ts';

/** `clients` are the real server's and ours; `run` tells how to come here again. */
export async function expectSameAnswers(
  clients: readonly RespClient[],
  requests: { next(): RandomRequest },
  options: { count: number; run: string },
): Promise<void> {
  for (let count = 0; count < options.count; count++) {
    const request = requests.next();
    const [theirs, ours] = await Promise.all(clients.map((client) => ask(client, request)));
    const shown = JSON.stringify(request).slice(0, 300);
    expect(ours, `${options.run}, request ${count}: ${shown}`).toBe(theirs);
  }
}

async function ask(client: RespClient, request: RandomRequest): Promise<string> {
  return (await client.exchange(encodeCommand(request))).toString('latin1');
}
