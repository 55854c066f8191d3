/**
 * TLS to live servers: the files that the user names, read once, and what a socket is told. Used by
 * the wires, and by cli/ for the files.
 */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { isSocket, type Address } from './address.ts';
import { OperatorError } from '../util/errors.ts';
import { fileErrorText } from '../util/file-error.ts';
import { Secret } from './secret.ts';

/** Paths of PEM files. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** What is in them. */
export interface Tls {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: Secret | undefined;
}

/** Throws an OperatorError that names the file that cannot be read. */
export async function readTls({ ca, cert, key }: TlsFiles): Promise<Tls> {
  const [caText, certText, keyText] = await Promise.all([ca, cert, key].map(readPem));
  const secretKey = keyText === undefined ? undefined : new Secret(keyText);
  return { ca: caText, cert: certText, key: secretKey };
}

async function readPem(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new OperatorError(`could not read ${path}`, {
      cause: fileErrorText(error),
      hint: 'name a PEM file that this user may read',
    });
  }
}

/** Undefined where there is none to be: a Unix socket leaves the machine for nobody. */
export function tlsFor(target: Address & { readonly tls?: Tls }): ConnectionOptions | undefined {
  const { tls, host } = target;
  return tls === undefined || isSocket(target) ? undefined : tlsOptions(tls, host);
}

/**
 * The certificate must be signed by `ca`, or by a public authority where none is named. With a `ca`
 * of one's own the name in it is not compared, as between Redis and its replicas: nodes are found by
 * the addresses that they announce, which are in no certificate.
 */
function tlsOptions({ ca, cert, key }: Tls, host: string): ConnectionOptions {
  return {
    ...(ca === undefined ? {} : { ca, checkServerIdentity: () => undefined }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key: key.reveal() }),
    ...(isIP(host) === 0 ? { servername: host } : {}),
  };
}
