/** Refuses collections where they come out of an RDB, as long as there are no values to hold them. */
import { RdbError } from '../../rdb/rdb-error.ts';

export const noCollections = {
  beginList: () => refuse('list'),
  beginSet: () => refuse('set'),
  beginHash: () => refuse('hash'),
  beginZset: () => refuse('zset'),
  endCollection: () => undefined,
};

function refuse(typeName: string): never {
  throw new RdbError('unsupported-type', 0, `an unsupported value of type ${typeName}`, typeName);
}
