/** The name of a connection: what it may be, and where it is set (CLIENT SETNAME, HELLO). */
import type { Call } from '../call.ts';

/** CLIENT LIST puts clients on lines, and fields between spaces. */
export function isPlainWord(text: string): boolean {
  return !/[^!-~]/.test(text);
}

/** Names the client after argument `index`; false when the name is refused, and replied so. */
export function setClientName(call: Call, index: number): boolean {
  const name = call.text(index);
  if (!isPlainWord(name)) {
    call.error('ERR Client names cannot contain spaces, newlines or special characters.');
    return false;
  }
  call.client.name = name;
  return true;
}
