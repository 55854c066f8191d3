import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/string-ranges.txt', import.meta.url));
