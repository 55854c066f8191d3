import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/config.txt', import.meta.url));
