import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/strings.txt', import.meta.url));
