/**
 * From what the user typed, the inventory and the environment to the addresses to ask and how to get
 * in at each. It asks nobody. Used by observe.ts and read-node-info.ts.
 */
import { resolve } from 'node:path';
import { addressKey, isSocket, parseAddress, type Address } from '../instance/address.ts';
import type { Credentials } from '../instance/connection.ts';
import { readTls } from '../instance/tls.ts';
import type { Seed } from '../topology/observe/visit.ts';
import type { LabSpec, NodeSpec } from '../topology/spec.ts';
import { OperatorError } from '../util/errors.ts';
import { exitCodes } from './exit-codes.ts';

export interface Lab {
  readonly dir: string;
  readonly spec: LabSpec;
}

export interface SeedRequest {
  /** Nodes that were typed; none means the whole lab. */
  readonly words: readonly string[];
  /** Addresses to ask as well, whether somebody is there or not. */
  readonly extra?: readonly Address[];
  readonly lab: Lab | undefined;
  /** Of the environment; what the inventory says goes before. */
  readonly credentials: Credentials;
}

export interface SeedPlan {
  readonly seeds: Seed[];
  /** Undefined where the words do not mean the lab. */
  readonly lab: Lab | undefined;
  /** Where a seed has none of its own. */
  readonly credentials: Credentials;
}

/** Throws an OperatorError for words that mean nothing, and for files of TLS that cannot be read. */
export async function resolveSeeds(request: SeedRequest): Promise<SeedPlan> {
  const { words, extra = [], lab, credentials } = request;
  const extraSeeds = extra.map((address) => ({ address }));
  const known = lab === undefined ? [] : lab.spec.nodes.map(seedOf);
  const isInLab = words.some((word) => known.some((seed) => isMeant(seed, word)));
  if (lab !== undefined && (isInLab || words.length === 0)) {
    const own = await accessOf(lab.dir, lab.spec, credentials);
    // Words that are no node of the lab may be addresses; `find` judges them later.
    const others = words.filter((word) => !known.some((seed) => isMeant(seed, word)));
    const otherSeeds = others.map((word) => ({ address: addressOf(word, known) }));
    const sentinels = lab.spec.sentinels ?? [];
    const sentinelSeeds = sentinels.map((address) => ({ address, isSentinel: true }));
    const labSeeds = await Promise.all(
      lab.spec.nodes.map(async (node) => ({
        ...seedOf(node),
        credentials: await accessOf(lab.dir, node, own),
      })),
    );
    const seeds = [...labSeeds, ...sentinelSeeds, ...otherSeeds, ...extraSeeds];
    return { seeds, lab, credentials: own };
  }
  const seeds = words.map((word) => ({ address: addressOf(word, known) }));
  return { seeds: [...seeds, ...extraSeeds], lab: undefined, credentials };
}

/** Where one node is and how to get in there; its name where it is one of the lab. */
export async function resolveNode(
  words: string,
  request: Pick<SeedRequest, 'lab' | 'credentials'>,
): Promise<{ name: string | undefined; address: Address; credentials: Credentials }> {
  const { seeds, credentials } = await resolveSeeds({ words: [words], ...request });
  const seed = seeds.find((each) => isMeant(each, words)) ?? seeds[0];
  const { name, address } = seed;
  return { name, address, credentials: seed.credentials ?? credentials };
}

export function credentialsAt({ seeds, credentials }: SeedPlan, address: Address): Credentials {
  const key = addressKey(address);
  return seeds.find((seed) => addressKey(seed.address) === key)?.credentials ?? credentials;
}

/** What the file says, and else what went before. Its paths are relative to its directory. */
async function accessOf(
  dir: string,
  own: Pick<NodeSpec, 'username' | 'password' | 'tls'>,
  before: Credentials,
): Promise<Credentials> {
  const { username = before.username, password = before.password, tls: files } = own;
  const inLab = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolve(dir, path);
  const read = (): ReturnType<typeof readTls> => {
    const { ca, cert, key } = files === false || files === undefined ? {} : files;
    return readTls({ ca: inLab(ca), cert: inLab(cert), key: inLab(key) });
  };
  const tls = files === false ? undefined : files === undefined ? before.tls : await read();
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
  };
}

function seedOf({ name, host, port, socket, replicaof }: NodeSpec): Seed & { name: string } {
  const dialled = { host, port };
  return {
    name,
    ...(socket === undefined
      ? { address: dialled }
      : { address: { host: socket, port: 0 }, aliases: [dialled] }),
    expected: { upstreamName: replicaof },
  };
}

/** By name, address or port. */
function isMeant({ name, address, aliases = [] }: Seed, words: string): boolean {
  if (name === words) return true;
  const meant = parseAddress(words);
  if (meant === undefined) return false;
  const isPortAlone = !words.includes(':') && !isSocket(meant);
  return [address, ...aliases].some((each) =>
    isPortAlone ? meant.port === each.port : addressKey(meant) === addressKey(each),
  );
}

function addressOf(words: string, known: readonly { name: string }[]): Address {
  return parseAddress(words) ?? throwUnknown(words, known);
}

export function throwUnknown(words: string, nodes: readonly { readonly name: string }[]): never {
  const names = nodes.map(({ name }) => name).join(', ');
  throw new OperatorError(`there is no node ${words}`, {
    hint:
      names === ''
        ? 'name a live server as host:port, or make a lab: repl init 6379 6380 6381'
        : `there are: ${names}; or name a live server as host:port`,
    exitCode: exitCodes.usage,
  });
}
