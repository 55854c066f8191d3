import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/generic.txt', import.meta.url));
