/**
 * Where the files of a node are. They follow from its directory and port, so that everybody who
 * knows the inventory finds them. Pure.
 */
import { resolve } from 'node:path';
import { join } from 'node:path';
import type { NodeSpec } from '../topology/spec.ts';

export interface NodeFiles {
  readonly dir: string;
  readonly conf: string;
  readonly logfile: string;
  readonly pidfile: string;
}

/** The node's files below `labDir`; relative paths where `labDir` is empty. */
export function nodeFiles(
  labDir: string,
  { dir, port }: Pick<NodeSpec, 'dir' | 'port'>,
): NodeFiles {
  const nodeDir = labDir === '' ? dir : resolve(labDir, dir);
  const file = (ending: string): string => join(nodeDir, `redis${port}.${ending}`);
  return { dir: nodeDir, conf: file('conf'), logfile: file('log'), pidfile: file('pid') };
}
