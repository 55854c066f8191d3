import { testTranscript } from '../../support/transcripts.ts';

testTranscript(new URL('../../transcripts/commands/connection.txt', import.meta.url));
testTranscript(new URL('../../transcripts/commands/connection-auth.txt', import.meta.url), {
  password: 'secret',
});
