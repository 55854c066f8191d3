import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/string-limits.txt', import.meta.url), {
  args: ['--proto-max-bulk-len', '1mb'],
});
