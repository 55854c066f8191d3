import { testPropagation } from '../../support/propagation.ts';

testPropagation(new URL('../../transcripts/commands/streams-propagation.txt', import.meta.url));
