/**
 * How each value type is decoded: one row per type. Used by the RDB reader and by dump-payload.ts.
 * Strings, which are most values, are no row: the reader hands them over without a detour.
 */
import { rdbType, rdbTypeName } from './opcodes.ts';
import { RdbError } from './rdb-error.ts';
import {
  decodeHash,
  decodeHashListpack,
  decodeHashListpackEx,
  decodeHashListpackExPreGa,
  decodeHashMetadata,
  decodeHashMetadataPreGa,
  decodeHashZiplist,
  decodeHashZipmap,
} from './values/decode-hash.ts';
import {
  decodeList,
  decodeListZiplist,
  decodeQuicklist,
  decodeQuicklist2,
} from './values/decode-list.ts';
import { decodeSet, decodeSetIntset, decodeSetListpack } from './values/decode-set.ts';
import { decodeStream, decodeStream2, decodeStream3 } from './values/decode-stream.ts';
import {
  decodeZset,
  decodeZset2,
  decodeZsetListpack,
  decodeZsetZiplist,
} from './values/decode-zset.ts';
import { skipModuleValue } from './values/skip-module.ts';
import type { Steps, ValueContext } from './values/value-context.ts';

/**
 * Decodes the value under the cursor and hands it to the sink, in as many steps as it takes; see
 * value-context.ts.
 */
export type ValueDecoder = (context: ValueContext) => Steps;

const valueDecoders: Readonly<Partial<Record<number, ValueDecoder>>> = {
  [rdbType.list]: decodeList,
  [rdbType.set]: decodeSet,
  [rdbType.zset]: decodeZset,
  [rdbType.hash]: decodeHash,
  [rdbType.zset2]: decodeZset2,
  [rdbType.module2]: skipModuleValue,
  [rdbType.hashZipmap]: decodeHashZipmap,
  [rdbType.listZiplist]: decodeListZiplist,
  [rdbType.setIntset]: decodeSetIntset,
  [rdbType.zsetZiplist]: decodeZsetZiplist,
  [rdbType.hashZiplist]: decodeHashZiplist,
  [rdbType.listQuicklist]: decodeQuicklist,
  [rdbType.streamListpacks]: decodeStream,
  [rdbType.hashListpack]: decodeHashListpack,
  [rdbType.zsetListpack]: decodeZsetListpack,
  [rdbType.listQuicklist2]: decodeQuicklist2,
  [rdbType.streamListpacks2]: decodeStream2,
  [rdbType.setListpack]: decodeSetListpack,
  [rdbType.streamListpacks3]: decodeStream3,
  [rdbType.hashMetadataPreGa]: decodeHashMetadataPreGa,
  [rdbType.hashListpackExPreGa]: decodeHashListpackExPreGa,
  [rdbType.hashMetadata]: decodeHashMetadata,
  [rdbType.hashListpackEx]: decodeHashListpackEx,
};

/**
 * The decoder of `type`, a byte found at `offset`; throws RdbError, naming the type, when there is
 * none.
 */
export function valueDecoder(type: number, offset: number): ValueDecoder {
  return valueDecoders[type] ?? refuseType(type, offset);
}

function refuseType(type: number, offset: number): never {
  const name = rdbTypeName(type);
  if (name === undefined)
    throw new RdbError('unknown-opcode', offset, `unknown value type ${type}`);
  throw new RdbError('unsupported-type', offset, `an unsupported value of type ${name}`, name);
}
