import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/zset-combine.txt', import.meta.url));
