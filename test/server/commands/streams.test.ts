import { testTranscript } from '../../support/transcripts.ts';

for (const name of ['streams', 'streams-reads', 'streams-groups', 'streams-blocking']) {
  testTranscript(new URL(`../../transcripts/commands/${name}.txt`, import.meta.url));
}
