/** Redis servers that listen for TLS beside the ordinary port, which the helpers of tests talk to. */
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import type { Resources } from './resources.ts';
import type { TestServer } from './server-process.ts';

const pem = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));

/** For our side; nothing is signed by `otherCa`. */
export const tlsFiles = {
  ca: pem('ca.crt'),
  cert: pem('client.crt'),
  key: pem('client.key'),
  otherCa: pem('other-ca.crt'),
} as const;

export interface TlsServer {
  readonly server: TestServer;
  readonly tlsPort: number;
}

/** A Redis 7 that keeps snapshots; `replicaof` is the TLS port of its upstream. */
export async function startTls(use: Resources, replicaof?: number): Promise<TlsServer> {
  const tlsPort = await freePort();
  const lines = [
    `tls-port ${tlsPort}`,
    'tls-replication yes',
    `tls-ca-cert-file ${tlsFiles.ca}`,
    `tls-cert-file ${pem('server.crt')}`,
    `tls-key-file ${pem('server.key')}`,
    // What a replica announces is the port that its master would dial.
    `replica-announce-port ${tlsPort}`,
    replicaof === undefined ? '' : `replicaof 127.0.0.1 ${replicaof}`,
  ];
  const server = await use.server('redis7', {
    conf: lines.join('\n'),
    args: ['--save', '3600 1'],
  });
  return { server, tlsPort };
}
