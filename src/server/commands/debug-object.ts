/** DEBUG OBJECT: how a value is stored. */
import { RdbOutput } from '../../rdb/rdb-output.ts';
import { errorReplies } from '../../protocol/error-replies.ts';
import type { Call } from '../call.ts';
import type { Dict } from '../keyspace/dict.ts';
import { encodingOf } from '../keyspace/encoding.ts';
import { ListValue } from '../types/list-value.ts';
import { dumpBodyOf } from '../persistence/body-of.ts';

export function debugObject(call: Call): void {
  const { dict } = call.db;
  const start = call.argStart[2];
  const ref = dict.find(call.buffer, start, call.argEnd[2]);
  if (ref === 0) {
    call.error(errorReplies.noSuchKey);
    return;
  }
  const accessedAt = dict.accessedAt(ref);
  const idleSec = dict.idleSeconds(ref);
  call.reply.simple(
    `Value at:0x${ref.toString(16)} refcount:1 encoding:${encodingOf(dict, ref)} ` +
      `serializedlength:${serializedLength(dict, ref, call)} ` +
      `lru:${accessedAt} lru_seconds_idle:${idleSec}${nodesOf(dict, ref)}`,
  );
}

/** The nodes of a list. None of ours is ever compressed. */
function nodesOf(dict: Dict, ref: number): string {
  const value = dict.isCollection(ref) ? dict.value(ref) : null;
  if (!(value instanceof ListValue)) return '';
  const { fill, nodeCount, size } = value;
  let bytes = 0;
  for (const { byteLength } of value.nodes()) bytes += byteLength;
  return (
    ` ql_nodes:${nodeCount} ql_avg_node:${(size / nodeCount).toFixed(2)} ` +
    `ql_listpack_max:${fill} ql_compressed:0 ql_uncompressed_size:${bytes}`
  );
}

/** Bytes of the value in an RDB. */
function serializedLength(dict: Dict, ref: number, call: Call): number {
  const output = new RdbOutput({
    sink: () => undefined,
    checksum: false,
    compress: call.server.config.values.rdbcompression,
  });
  if (dict.isCollection(ref)) {
    dumpBodyOf(dict.value(ref)).write(output, Number.POSITIVE_INFINITY);
    return output.bytesWritten;
  }
  dict.readString(ref);
  output.string(dict.windowBuffer, dict.windowStart, dict.windowEnd);
  return output.bytesWritten;
}
