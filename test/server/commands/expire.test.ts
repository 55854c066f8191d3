import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/expire.txt', import.meta.url));
