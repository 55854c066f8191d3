import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/geo.txt', import.meta.url));
