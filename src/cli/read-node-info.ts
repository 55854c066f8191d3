/** One node's INFO replication as it is. Used by `repl info`. */
import { formatAddress } from '../instance/address.ts';
import { connectToLook, type Credentials } from '../instance/connection.ts';
import type { Outcome } from '../instance/failure.ts';
import { parseInfo } from '../protocol/info.ts';
import { OperatorError } from '../util/errors.ts';
import { resolveNode, type Lab } from './resolve-seeds.ts';
import type { InfoInput } from './views/info-view.ts';

/** Throws an OperatorError where the node cannot be asked. */
export async function readNodeInfo(
  words: string,
  options: { lab: Lab | undefined; credentials: Credentials; timeoutMs: number },
): Promise<InfoInput> {
  const { address, credentials } = await resolveNode(words, options);
  const target = { ...address, ...credentials, timeoutMs: options.timeoutMs };
  const instance = okOrThrow(await connectToLook(target), formatAddress(address));
  try {
    const text = okOrThrow(await instance.call(['INFO', 'replication']), formatAddress(address));
    return { name: words, address, fields: [...parseInfo(String(text)).fields] };
  } finally {
    instance.close();
  }
}

function okOrThrow<T>(outcome: Outcome<T>, who: string): T {
  if (outcome.kind === 'ok') return outcome.value;
  const { kind, message } = outcome.failure;
  const hint = kind === 'auth' ? `REPL_PASSWORD=… repl info ${who}` : `repl status ${who}`;
  throw new OperatorError(`${who} cannot be asked`, { cause: message, hint });
}
