/**
 * The real servers that this machine has: Debian's redis-server on the PATH, and Redis 8 and
 * Valkey 8 as `.ci/get-servers.sh` fetches them. Tests compare ours with them; where one is missing
 * its tests are skipped, and say so.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { startServerProcess, type ServerOptions, type TestServer } from './server-process.ts';

export const realKinds = ['redis7', 'redis8', 'valkey8'] as const;
export type RealKind = (typeof realKinds)[number];

export interface RealServer {
  kind: RealKind;
  /** Path of the server, and of the matching redis-cli or valkey-cli and benchmark. */
  binary: string;
  cli: string;
  benchmark: string;
}

/** The names of the programs of each kind, and what `--version` must say of them. */
const programs: Record<RealKind, { prefix: string; version: RegExp }> = {
  redis7: { prefix: 'redis-', version: /Redis server v=7\./ },
  redis8: { prefix: 'redis8-', version: /Redis server v=8\./ },
  valkey8: { prefix: 'valkey8-', version: /v=8\./ },
};

/** The real servers found here, in the order of `realKinds`; maybe none. */
export function realServers(): RealServer[] {
  return realKinds.map(findRealServer).filter((server) => server !== undefined);
}

export function findRealServer(kind: RealKind): RealServer | undefined {
  const { prefix, version } = programs[kind];
  const binary = findProgram(`${prefix}server`);
  if (binary === undefined) return undefined;
  if (!version.test(spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout))
    return undefined;
  const sibling = (tool: string): string => binary.replace(/server$/, tool);
  return { kind, binary, cli: sibling('cli'), benchmark: sibling('benchmark') };
}

/** Starts a server of a kind that `realServers()` lists. Throws when there is none. */
export function startRealServer(kind: RealKind, options: ServerOptions = {}): Promise<TestServer> {
  const server = findRealServer(kind);
  if (server === undefined) throw new Error(`${missingServer(kind)}: check realServers() first`);
  return startServerProcess({ kind, command: [server.binary] }, options);
}

/** The words after `skipped:` where a kind is missing. */
export function missingServer(kind: RealKind): string {
  return `no ${programs[kind].prefix}server`;
}

/** Where `.ci/get-servers.sh` puts what it fetched; outside node_modules, which `npm ci` wipes. */
function fetchedServersDir(): string {
  const { REDIS_REPL_SERVERS_DIR, XDG_CACHE_HOME } = process.env;
  const cache = XDG_CACHE_HOME || join(homedir(), '.cache');
  return REDIS_REPL_SERVERS_DIR || join(cache, 'redis-repl', 'servers');
}

/** A program on the PATH or among the fetched ones. */
export function findProgram(name: string): string | undefined {
  const dirs = [...(process.env.PATH ?? '').split(delimiter), join(fetchedServersDir(), 'bin')];
  return dirs.map((dir) => join(dir, name)).find((path) => existsSync(path));
}
