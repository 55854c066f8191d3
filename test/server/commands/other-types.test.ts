import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/other-types.txt', import.meta.url));
