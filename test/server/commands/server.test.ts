import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/server.txt', import.meta.url));
