/** The JSON schema of one problem, in the documents of status and check. Only literals. */
import { problemCodes } from '../../topology/findings/diagnose.ts';
import { listOf, record, text } from './schema-parts.ts';

export const problemSchema = record({
  code: { enum: problemCodes, description: 'the name of the problem' },
  severity: {
    enum: ['error', 'warning', 'unknown', 'advice'],
    description: 'unknown: could not tell; advice: healthy all the same',
  },
  nodes: listOf({ type: 'string' }, 'names of the nodes that have it'),
  sentence: text('what is wrong, for people'),
  next: text('what to type or look at'),
});
