import { testPropagation } from '../../support/propagation.ts';

testPropagation(new URL('../../transcripts/commands/zset-propagation.txt', import.meta.url));
