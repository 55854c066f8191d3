/**
 * Where a server is dialled: host and port, or a Unix socket; how they are typed and how they are
 * printed. Two addresses that differ in letters may be one server (`localhost`, `127.0.0.1`): only a
 * run id settles that; `addressKey` merges no more than what is certain.
 */

export interface Address {
  /** A name, a number, or the absolute path of a Unix socket. */
  readonly host: string;
  /** 0 with a Unix socket. */
  readonly port: number;
}

const portLimit = 65_535;

/**
 * Reads `host:port`, `[::1]:port`, `::1:port` (the last colon separates), a port alone, which means
 * this machine, `unix:/path` or `/path`. Undefined when it is none of these.
 */
export function parseAddress(text: string): Address | undefined {
  const path = /^(?:unix:)?(\/.+)$/.exec(text.trim())?.[1];
  if (path !== undefined) return { host: path, port: 0 };
  const match = /^(?:\[([^\]]+)\]:|(.*):)?(\d{1,5})$/.exec(text.trim());
  if (match === null) return undefined;
  const host = match[1] ?? match[2] ?? '127.0.0.1';
  const port = Number(match[3]);
  if (host === '' || port === 0 || port > portLimit) return undefined;
  return { host, port };
}

/** A Unix socket: nobody on another machine can dial it. */
export function isSocket({ host }: Address): boolean {
  return host.startsWith('/');
}

/** `127.0.0.1:6379`, `[::1]:6379`, `/run/redis.sock`. */
export function formatAddress({ host, port }: Address): string {
  if (isSocket({ host, port })) return host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** One text for the spellings of one address: loopback names, letter case, a final dot. */
export function addressKey({ host, port }: Address): string {
  if (isSocket({ host, port })) return host;
  const bare = host.toLowerCase().replace(/\.$/, '');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1] ?? bare;
  const loopback = mapped === 'localhost' || mapped.startsWith('127.');
  return formatAddress({ host: loopback ? '127.0.0.1' : mapped, port });
}

/** True for what means the machine where it is used, and so means nothing elsewhere. */
export function isLoopback(host: string): boolean {
  return (
    host.startsWith('/') ||
    host === 'localhost' ||
    host === '::1' ||
    /^127\.\d+\.\d+\.\d+$/.test(host)
  );
}

/** A loopback address in the mouth of a remote node means that node's machine, not ours. */
export function asSeenFrom(speaker: Address, { host, port }: Address): Address {
  return { host: isLoopback(host) && !isLoopback(speaker.host) ? speaker.host : host, port };
}

/** A command of redis-cli to a server there, without its password. */
export function redisCli({ address }: { readonly address: Address }, command: string): string {
  const { host, port } = address;
  return `redis-cli ${isSocket(address) ? `-s ${host}` : `-h ${host} -p ${port}`} ${command}`;
}
