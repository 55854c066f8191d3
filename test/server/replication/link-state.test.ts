import { expect, it } from 'vitest';
import { awaitedIn, linkStates, roleWord } from '../../../src/server/replication/link-state.ts';

it('says what ROLE prints in each state, in the order in which they are passed', () => {
  const words = linkStates.map(roleWord);
  expect([...new Set(words)]).toEqual(['none', 'connect', 'handshake', 'sync', 'connected']);
  expect(roleWord('connecting')).toBe('handshake');
  expect(roleWord('receive-psync-reply')).toBe('handshake');
});

it('says what is awaited', () => {
  expect(awaitedIn('receive-auth-reply')).toBe('the reply to AUTH');
  expect(new Set(linkStates.map(awaitedIn)).size).toBe(linkStates.length);
});
