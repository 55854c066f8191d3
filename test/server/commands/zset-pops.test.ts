import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/zset-pops.txt', import.meta.url));
