import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/sets.txt', import.meta.url));
