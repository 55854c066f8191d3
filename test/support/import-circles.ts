/**
 * Circles of imports in src/, imports of types included: files that can only be understood together.
 * test/layers.test.ts runs it over the tree.
 */
import { posix } from 'node:path';
import { importsOf, type SourceFile } from './layers.ts';

/** Files that may import each other in a circle, and why nothing better was found. */
export interface AllowedCircle {
  readonly files: readonly string[];
  readonly because: string;
}

export const allowedCircles: readonly AllowedCircle[] = [
  {
    files: ['blocked-clients', 'call', 'command', 'context'].map((name) => `server/${name}.ts`),
    because:
      'what a handler is given: a Call leads to its command, to the server and to waiting, a command ' +
      'to its handler, which takes a Call, and the server to its commands and to those who wait',
  },
];

/**
 * One message for each circle that is not allowed, with a shortest way round, and one for each
 * allowed one that is no circle any more. Empty when all is well.
 */
export function findCircles(
  files: readonly SourceFile[],
  allowed: readonly AllowedCircle[],
): string[] {
  const imports = importGraph(files);
  const knots = knotsOf(imports);
  const messages = knots.flatMap((knot) => {
    const known = allowed.find((circle) => circle.files.some((file) => knot.has(file)));
    const stranger = [...knot].find((file) => known?.files.includes(file) !== true);
    if (stranger === undefined) return [];
    return [
      wayRound(imports, knot, stranger)
        .map((file) => `src/${file}`)
        .join(' → '),
    ];
  });
  for (const { files: listed } of allowed) {
    const knot = knots.find((each) => each.has(listed[0]));
    const released = listed.filter((file) => knot?.has(file) !== true);
    if (released.length === 0) continue;
    messages.push(`no circle any more, take off the list: ${released.join(', ')}`);
  }
  return messages;
}

type ImportGraph = ReadonlyMap<string, ReadonlySet<string>>;

function importGraph(files: readonly SourceFile[]): ImportGraph {
  const paths = new Set(files.map(({ path }) => path));
  return new Map(
    files.map(({ path, text }) => {
      const local = importsOf(text).filter((specifier) => specifier.startsWith('.'));
      const to = local.map((specifier) => posix.join(posix.dirname(path), specifier));
      return [path, new Set(to.filter((target) => paths.has(target)))];
    }),
  );
}

/** Sets of files each of which leads to every other. */
function knotsOf(imports: ImportGraph): Set<string>[] {
  const reach = new Map([...imports.keys()].map((file) => [file, reachedFrom(imports, file)]));
  const knots: Set<string>[] = [];
  for (const [file, reached] of reach) {
    if (!reached.has(file) || knots.some((knot) => knot.has(file))) continue;
    knots.push(new Set([...imports.keys()].filter((other) => isMutual(reach, file, other))));
  }
  return knots;
}

function isMutual(reach: ReadonlyMap<string, Set<string>>, a: string, b: string): boolean {
  return reach.get(a)?.has(b) === true && reach.get(b)?.has(a) === true;
}

/** The file itself is among them only if it is in a circle. */
function reachedFrom(imports: ImportGraph, file: string): Set<string> {
  const reached = new Set<string>();
  const open = [file];
  for (let from = open.pop(); from !== undefined; from = open.pop()) {
    for (const to of imports.get(from) ?? []) {
      if (reached.has(to)) continue;
      reached.add(to);
      open.push(to);
    }
  }
  return reached;
}

/** From `start` back to it within the knot, in as few steps as there can be. */
function wayRound(imports: ImportGraph, knot: ReadonlySet<string>, start: string): string[] {
  const ways = [[start]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const to of imports.get(way[way.length - 1]) ?? []) {
      if (to === start) return [...way, to];
      if (!knot.has(to) || seen.has(to)) continue;
      seen.add(to);
      ways.push([...way, to]);
    }
  }
  return [start];
}
