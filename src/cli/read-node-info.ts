/** One node's INFO replication as it is. Used by `repl info`. */
import { formatAddress } from '../instance/address.ts';
import { connectToLook, type Credentials } from '../instance/connection.ts';
import type { Failure, Outcome } from '../instance/failure.ts';
import type { Secret } from '../instance/secret.ts';
import { parseInfo } from '../protocol/info.ts';
import { OperatorError } from '../util/errors.ts';
import { resolveNode, type Lab } from './resolve-seeds.ts';
import type { InfoInput } from './views/info-view.ts';

export interface ReadNodeInfoOptions {
  readonly lab: Lab | undefined;
  readonly credentials: Credentials;
  readonly timeoutMs: number;
  /** For a server that wants a password and was given none; undefined where nobody can be asked. */
  readonly askPassword: (() => Promise<Secret>) | undefined;
}

/** Throws an OperatorError where the node cannot be asked. */
export async function readNodeInfo(
  words: string,
  options: ReadNodeInfoOptions,
): Promise<InfoInput> {
  const { name, address, credentials } = await resolveNode(words, options);
  const target = { ...address, ...credentials, timeoutMs: options.timeoutMs };
  const { askPassword } = options;
  let text = await readReplicationText(target);
  const isLockedOut = text.kind === 'failed' && text.failure.kind === 'auth';
  if (isLockedOut && credentials.password === undefined && askPassword !== undefined) {
    text = await readReplicationText({ ...target, password: await askPassword() });
  }
  const where = formatAddress(address);
  if (text.kind === 'failed') throwCannotAsk(text.failure, { name, where });
  return { name: name ?? where, address, fields: [...parseInfo(text.value).fields] };
}

async function readReplicationText(
  target: Parameters<typeof connectToLook>[0],
): Promise<Outcome<string>> {
  const connected = await connectToLook(target);
  if (connected.kind === 'failed') return connected;
  try {
    const reply = await connected.value.call(['INFO', 'replication']);
    return reply.kind === 'failed' ? reply : { kind: 'ok', value: String(reply.value) };
  } finally {
    connected.value.close();
  }
}

function throwCannotAsk(
  { kind, message }: Failure,
  { name, where }: { name: string | undefined; where: string },
): never {
  throw new OperatorError(`${name ?? where} cannot be asked`, {
    cause: message,
    hint: hintFor(kind, { name, where }),
  });
}

function hintFor(
  kind: Failure['kind'],
  { name, where }: { name: string | undefined; where: string },
): string {
  if (kind === 'auth') {
    return name === undefined
      ? `REPL_PASSWORD=… repl info ${where}`
      : 'put the right password into repl.yaml';
  }
  if (kind === 'unreachable') {
    return name === undefined
      ? `look whether a server runs at ${where}; repl init makes a lab of some`
      : `repl start ${name}`;
  }
  return `repl status ${name ?? where}`;
}
