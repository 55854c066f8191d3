import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/zsets.txt', import.meta.url));
