/**
 * The samples, which are made as we understand the formats, restored in real servers: they must find
 * the same in them. That holds above all for the encodings that no server writes any more.
 */
import { expect, test } from 'vitest';
import { writeDumpPayload } from '../../../src/rdb/dump-payload.ts';
import { rdbType } from '../../../src/rdb/opcodes.ts';
import { realKinds, type RealKind } from '../../support/real-servers.ts';
import { useResources } from '../../support/resources.ts';
import { needServer } from '../../support/server-kinds.ts';
import { storeCommands } from '../sample-collections.ts';
import { samples } from './samples.ts';

const use = useResources();

const fieldExpiry: number[] = [
  rdbType.hashMetadata,
  rdbType.hashMetadataPreGa,
  rdbType.hashListpackEx,
  rdbType.hashListpackExPreGa,
];
const unknownTypes: Record<RealKind, readonly number[]> = {
  redis7: [rdbType.setListpack, rdbType.streamListpacks3, ...fieldExpiry],
  redis8: [],
  valkey8: fieldExpiry,
};

test.for(realKinds)('%s', async (kind, context) => {
  needServer(context, kind);
  const client = await (await use.server(kind)).connect();
  for (const [name, type, body, value] of samples) {
    if (unknownTypes[kind].includes(type) || typeof value === 'string') continue;
    if (name.includes('empty')) continue;
    const payload = writeDumpPayload(type, (output) => output.raw(body, 0, body.length));
    expect([name, await client.command('RESTORE', name, 0, payload)]).toEqual([name, 'OK']);
    for (const command of storeCommands(Buffer.from('wanted'), value))
      await client.must(...command);
    const digests = (await client.must('DEBUG', 'DIGEST-VALUE', name, 'wanted')) as string[];
    expect([name, digests[0]]).toEqual([name, digests[1]]);
    await client.must('DEL', 'wanted');
  }
});
