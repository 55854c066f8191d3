/** The replication tree as rows with its glyphs, for the views that draw it. Pure. */
import { linkOf, replicasOf, rootsOf } from '../../topology/model.ts';
import type { Link, Topology, TopologyNode } from '../../topology/model.ts';

export interface TreeRow {
  readonly node: TopologyNode;
  readonly link: Link | undefined;
  /** Tree glyphs before the node's marker, the edge's marker included. */
  readonly glyphs: string;
}

/** All nodes, depth first. */
export function treeRows(topology: Topology): TreeRow[] {
  return rootsOf(topology).flatMap((root) => rowsBelow(topology, root));
}

/** A root and all below it. The node that closes a cycle is not drawn twice. */
function rowsBelow(topology: Topology, root: TopologyNode): TreeRow[] {
  const rows: TreeRow[] = [{ node: root, link: linkOf(topology, root.id), glyphs: '' }];
  const add = (parent: TopologyNode, indent: string): void => {
    const replicas = replicasOf(topology, parent.id).filter((node) => node !== root);
    for (const node of replicas) {
      const isLast = node === replicas.at(-1);
      const link = linkOf(topology, node.id);
      rows.push({ node, link, glyphs: `${indent}${isLast ? '└' : '├'}─${edgeMarker(link)} ` });
      add(node, `${indent}${isLast ? ' ' : '│'}   `);
    }
  };
  add(root, '');
  return rows;
}

function edgeMarker(link: Link | undefined): string {
  switch (link?.state) {
    case 'up':
      return '─';
    case 'down':
      return 'x';
    case 'connecting':
    case 'syncing':
      return '~';
    default:
      return '?';
  }
}
