import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/transactions.txt', import.meta.url));
