import { testPropagation } from '../../support/propagation.ts';
import { testTranscript } from '../../support/transcripts.ts';

const transcripts = new URL('../../transcripts/commands/', import.meta.url);

testTranscript(new URL('hash-expire.txt', transcripts), {}, 'redis8');
testPropagation(new URL('hash-expire-propagation.txt', transcripts), 'redis8');
