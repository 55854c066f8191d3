import { expect, it } from 'vitest';
import {
  awaitedIn,
  explainTimeout,
  linkStates,
  phaseOf,
  roleWord,
} from '../../../src/server/replication/link-state.ts';

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

it('divides an attempt into phases, one after the other', () => {
  const phases = linkStates.map(phaseOf);
  expect([...new Set(phases)]).toEqual(['connect', 'handshake', 'psync', 'load', 'stream']);
  expect(phases).toEqual([...phases].sort((a, b) => phases.indexOf(a) - phases.indexOf(b)));
});

it('says of a timeout what did not come', () => {
  expect(explainTimeout('receive-ping-reply', 60)).toBe(
    'Timeout connecting to the MASTER: waited 60 s for the reply to PING',
  );
  expect(explainTimeout('transfer', 5)).toMatch(/^Timeout receiving bulk data: nothing for 5 s/);
  expect(explainTimeout('connected', 5)).toMatch(/^timed out: no data nor PING for 5 s/);
});
