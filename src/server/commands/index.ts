/** Every row of the command table, from the rooms where their handlers live. */
import type { CommandSpec } from '../command.ts';
import { clientCommands } from './client.ts';
import { connectionCommands } from './connection.ts';
import { replicationCommands } from './replication.ts';
import { lcsCommands } from './string-lcs.ts';
import { stringNumberCommands } from './string-numbers.ts';
import { stringRangeCommands } from './string-ranges.ts';
import { stringCommands } from './strings.ts';
import { manyStringCommands } from './strings-many.ts';

export const allCommands: readonly CommandSpec[] = [
  ...connectionCommands,
  ...clientCommands,
  ...stringCommands,
  ...manyStringCommands,
  ...stringNumberCommands,
  ...stringRangeCommands,
  ...lcsCommands,
  ...replicationCommands,
];
