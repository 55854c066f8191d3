import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/hashes.txt', import.meta.url));
