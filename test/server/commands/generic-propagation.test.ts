import { testPropagation } from '../../support/propagation.ts';

testPropagation(new URL('../../transcripts/commands/generic-propagation.txt', import.meta.url));
