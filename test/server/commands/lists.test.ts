import { testPropagation } from '../../support/propagation.ts';
import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/lists.txt', import.meta.url));
testTranscript(new URL('../../transcripts/commands/lists-blocking.txt', import.meta.url));
testPropagation(new URL('../../transcripts/commands/lists-propagation.txt', import.meta.url));
