import { testPropagation } from '../../support/propagation.ts';

testPropagation(new URL('../../transcripts/commands/bits-propagation.txt', import.meta.url));
