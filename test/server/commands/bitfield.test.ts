import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/bitfield.txt', import.meta.url));
