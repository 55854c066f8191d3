import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/zset-ranges.txt', import.meta.url));
