/** How Redis would keep a value: what OBJECT ENCODING and DEBUG OBJECT say of one. */
import { isInt64 } from '../../util/int64.ts';
import type { Dict } from './dict.ts';

/** Strings up to here lie in one piece with their header. [object.c, 7.0] */
const embstrMaxBytes = 44;

export function encodingOf(dict: Dict, ref: number): string {
  if (dict.isCollection(ref)) return dict.value(ref).encoding;
  if (dict.isRaw(ref)) return 'raw';
  dict.readString(ref);
  if (isInt64(dict.windowBuffer, dict.windowStart, dict.windowEnd)) return 'int';
  return dict.stringLength(ref) <= embstrMaxBytes ? 'embstr' : 'raw';
}
