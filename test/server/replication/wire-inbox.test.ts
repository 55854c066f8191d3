import { beforeEach, describe, expect, it } from 'vitest';
import { LinkBroken, WireInbox } from '../../../src/server/replication/wire-inbox.ts';
import { FakeClock } from './support/fake-clock.ts';

const chunk = (text: string): Uint8Array => Buffer.from(text);

describe('WireInbox', () => {
  let clock: FakeClock;
  let inbox: WireInbox;
  let calls: string[];

  beforeEach(() => {
    clock = new FakeClock();
    inbox = new WireInbox(clock);
    calls = [];
    inbox.attach({
      write: () => undefined,
      pause: () => void calls.push('pause'),
      resume: () => void calls.push('resume'),
      destroy: () => undefined,
    });
  });

  it('reads lines however they are cut', async () => {
    for (const byte of '+PONG\r\n\n-ERR x\r\nrest') inbox.events.onData(chunk(byte));
    expect(await inbox.readLine()).toBe('+PONG');
    expect(await inbox.readLine()).toBe('');
    expect(await inbox.readLine()).toBe('-ERR x');
    expect(Buffer.from(await inbox.readChunk()).toString()).toBe('r');
  });

  it('waits for what is not there yet', async () => {
    const line = inbox.readLine();
    inbox.events.onData(chunk('+O'));
    inbox.events.onData(chunk('K\r\nabc'));
    expect(await line).toBe('+OK');
    expect(Buffer.from(await inbox.readChunk()).toString()).toBe('abc');
  });

  it('gives out what had arrived before the end, and then the end', async () => {
    inbox.events.onData(chunk('+OK\r\n'));
    inbox.events.onClose('closed by the other end');
    expect(await inbox.readLine()).toBe('+OK');
    await expect(inbox.readLine()).rejects.toThrow('closed by the other end');
    await expect(inbox.connected()).rejects.toThrow(LinkBroken);
  });

  it('drops everything when it is given up', async () => {
    inbox.events.onData(chunk('+OK\r\n'));
    inbox.events.onClose('closed by the other end');
    inbox.giveUp('another master was set');
    await expect(inbox.readLine()).rejects.toThrow('closed by the other end');
    expect(() => inbox.throwIfGivenUp()).toThrow(LinkBroken);
  });

  it('refuses a line without end', async () => {
    const line = inbox.readLine();
    inbox.events.onData(chunk('x'.repeat(5000)));
    await expect(line).rejects.toThrow('no line end within 5000 bytes');
  });

  it('pauses the wire while much is unread, and resumes it', async () => {
    inbox.events.onData(new Uint8Array(200_000));
    inbox.events.onData(new Uint8Array(200_000));
    expect(calls).toEqual(['pause']);
    await inbox.readChunk();
    expect(calls).toEqual(['pause', 'resume']);
  });

  it('measures the time spent waiting, and not the time spent working', async () => {
    clock.advance(5000);
    expect(inbox.waitingMs).toBe(0);
    const line = inbox.readLine();
    clock.advance(2000);
    expect(inbox.waitingMs).toBe(2000);
    inbox.events.onData(chunk('x'));
    clock.advance(1000);
    expect(inbox.sinceLastDataMs).toBe(1000);
    inbox.events.onData(chunk('\n'));
    await line;
    clock.advance(9000);
    expect(inbox.waitingMs).toBe(0);
  });

  it('streams what was early and what comes, until the end', async () => {
    const seen: string[] = [];
    inbox.events.onData(chunk('early'));
    const end = inbox.stream((bytes) => seen.push(Buffer.from(bytes).toString()));
    inbox.events.onData(chunk('late'));
    clock.advance(3000);
    expect(inbox.waitingMs).toBe(3000);
    inbox.events.onClose('reset');
    await expect(end).rejects.toThrow('reset');
    expect(seen).toEqual(['early', 'late']);
  });
});
