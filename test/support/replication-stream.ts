/**
 * What a server propagates: attaches as a replica would, skips the data set, and gives the commands
 * of the stream one by one.
 */
import type { RespClient } from './resp-client.ts';
import type { TestServer } from './server-process.ts';

export interface ReplicationStream {
  /** The commands up to and without `SET <marker> …`, which the caller sends last. */
  readUntilSet(marker: string): Promise<string[][]>;
}

/** Sends nothing but PSYNC: no capabilities, so the data set comes with its length before it. */
export async function openReplicationStream(server: TestServer): Promise<ReplicationStream> {
  const client = await server.connect();
  client.sendRaw('*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n');
  await client.readRawUntil('+FULLRESYNC ');
  await client.readRawUntil('\r\n');
  await client.readRawUntil('$');
  const length = (await client.readRawUntil('\r\n')).toString('latin1').trim();
  if (!/^\d+$/.test(length)) throw new Error(`not the length of an RDB: ${length}`);
  await client.readRaw(Number(length));
  return { readUntilSet: (marker) => readUntilSet(client, marker) };
}

async function readUntilSet(client: RespClient, marker: string): Promise<string[][]> {
  const commands: string[][] = [];
  for (;;) {
    const command = await client.read();
    if (!Array.isArray(command)) throw new Error(`no command: ${JSON.stringify(command)}`);
    const words = command.map(String);
    if (words[0] === 'SET' && words[1] === marker) return commands;
    // These come when they will, whatever is written.
    if (words[0] !== 'PING' && words[0] !== 'REPLCONF') commands.push(words);
  }
}
