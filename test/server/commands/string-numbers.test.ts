import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/string-numbers.txt', import.meta.url));
