/**
 * Tells a lab that is a copy of another one: the files of its nodes hold whole paths, and lead to the
 * first one's data. Called before a node is started.
 */
import { readFile, realpath } from 'node:fs/promises';
import { relative } from 'node:path';
import { toPath } from '../redis-conf/conf-source.ts';
import { parseConf } from '../redis-conf/parse.ts';
import { findLabDir } from './find-lab.ts';

export interface OtherLab {
  /** Where the node's file says that its data are. */
  readonly dataDir: string;
  /** The lab that this directory is in. */
  readonly labDir: string;
}

/** The other lab whose data this file leads to; undefined when it leads to none. */
export async function otherLabOf(conf: string, labDir: string): Promise<OtherLab | undefined> {
  const text = await readFile(conf, 'latin1').catch(() => '');
  const line = parseConf(text).findLast((each) => each.kind === 'directive' && each.name === 'dir');
  if (line?.kind !== 'directive' || line.args.length === 0) return undefined;
  const written = toPath(line.args[0]);
  const [dataDir, own] = await Promise.all([written, labDir].map(realOrSame));
  if (isInside(dataDir, own)) return undefined;
  const found = labAbove(dataDir);
  return found === undefined || found === own ? undefined : { dataDir: written, labDir: found };
}

function labAbove(dir: string): string | undefined {
  try {
    return findLabDir({ cwd: dir });
  } catch {
    return undefined;
  }
}

function isInside(path: string, dir: string): boolean {
  return !relative(dir, path).startsWith('..');
}

function realOrSame(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}
