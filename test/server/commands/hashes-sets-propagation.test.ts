import { testPropagation } from '../../support/propagation.ts';

testPropagation(new URL('../../transcripts/commands/hashes-sets-propagation.txt', import.meta.url));
