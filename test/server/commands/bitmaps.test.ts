import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/bitmaps.txt', import.meta.url));
