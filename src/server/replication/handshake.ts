/**
 * The replica's side of the handshake, from PING to REPLCONF capa: a table of steps and the
 * straight-line driver that runs it. PSYNC follows, see `psync-exchange.ts`.
 *
 *   connect ─▶ PING ─▶ [AUTH] REPLCONF listening-port [REPLCONF ip-address] REPLCONF capa ─▶ PSYNC
 *              alone   └──────────── sent together, judged one by one ────────────┘
 *
 * The driver has no clock: the link watches `repl-timeout` and fails the inbox, which ends any await
 * here. Nothing is retried here either.
 */
import { encodeCommand } from '../../protocol/resp-encode.ts';
import type { LinkState } from './link-state.ts';
import type { ReplicationLogger, ReplicationSettings } from './ports.ts';
import { LinkBroken } from './wire-inbox.ts';

export interface HandshakeStep {
  /** The state in which its reply is awaited. */
  readonly state: LinkState;
  /** Steps with the same number are sent in one write. */
  readonly batch: number;
  readonly skip: (settings: ReplicationSettings) => boolean;
  readonly request: (settings: ReplicationSettings) => readonly string[];
  readonly judge: (reply: string, settings: ReplicationSettings) => Verdict;
}

type Verdict =
  | { readonly kind: 'go-on' }
  /** The master is of another kind or age; the sync works without. */
  | { readonly kind: 'tolerated'; readonly because: string }
  | { readonly kind: 'fatal'; readonly because: string };

const goOn: Verdict = { kind: 'go-on' };

/** Columns: state, batch, when to skip, what to send, how to judge the reply. */
export const handshakeSteps: readonly HandshakeStep[] = [
  {
    state: 'receive-ping-reply',
    batch: 1,
    skip: () => false,
    request: () => ['PING'],
    judge: judgePing,
  },
  {
    state: 'receive-auth-reply',
    batch: 2,
    skip: ({ masterauth }) => masterauth === '',
    request: ({ masteruser, masterauth }) =>
      masteruser === '' ? ['AUTH', masterauth] : ['AUTH', masteruser, masterauth],
    judge: judgeAuth,
  },
  {
    state: 'receive-port-reply',
    batch: 2,
    skip: () => false,
    request: ({ port, replicaAnnouncePort }) => [
      'REPLCONF',
      'listening-port',
      String(replicaAnnouncePort || port),
    ],
    judge: (reply) => tolerate(reply, 'the master does not show our port in INFO'),
  },
  {
    state: 'receive-ip-reply',
    batch: 2,
    skip: ({ replicaAnnounceIp }) => replicaAnnounceIp === '',
    request: ({ replicaAnnounceIp }) => ['REPLCONF', 'ip-address', replicaAnnounceIp],
    judge: (reply) => tolerate(reply, 'the master shows the address that it sees'),
  },
  {
    state: 'receive-capa-reply',
    batch: 2,
    skip: () => false,
    request: () => ['REPLCONF', 'capa', 'eof', 'capa', 'psync2'],
    // Masters before 2.8 do not know REPLCONF, those before 3.0 not this option.
    judge: (reply) => tolerate(reply, 'the master will not use diskless syncs or new ids with us'),
  },
];

/** What the driver needs of the link. */
export interface HandshakeIo {
  readonly settings: ReplicationSettings;
  readonly logger: ReplicationLogger;
  readonly write: (bytes: Uint8Array) => void;
  readonly readLine: () => Promise<string>;
  readonly enter: (state: LinkState) => void;
}

/** Resolves when the master is ready for PSYNC; throws LinkBroken with the reason otherwise. */
export async function runHandshake(io: HandshakeIo): Promise<void> {
  const steps = handshakeSteps.filter((step) => !step.skip(io.settings));
  for (const batch of new Set(steps.map((step) => step.batch))) {
    await runBatch(
      io,
      steps.filter((step) => step.batch === batch),
    );
  }
}

async function runBatch(io: HandshakeIo, steps: readonly HandshakeStep[]): Promise<void> {
  io.write(Buffer.concat(steps.map((step) => encodeRequest(step.request(io.settings)))));
  for (const step of steps) {
    io.enter(step.state);
    const reply = await io.readLine();
    const verdict = step.judge(reply, io.settings);
    if (verdict.kind === 'fatal') throw new LinkBroken(verdict.because, { refused: true });
    if (verdict.kind === 'tolerated') io.logger.notice(verdict.because);
  }
}

/** What a refusal means for the operator, at any step; undefined for other errors. */
export function explainRefusal(reply: string, settings: ReplicationSettings): string | undefined {
  if (reply.startsWith('-NOAUTH')) {
    return settings.masterauth === ''
      ? `masterauth is not set but the master asks for a password (${reply})`
      : `the master still asks for a password after AUTH (${reply})`;
  }
  if (reply.startsWith('-NOPERM')) {
    const user = settings.masteruser === '' ? 'default' : settings.masteruser;
    return `the master's user '${user}' lacks a permission that replication needs: +psync +replconf +ping (${reply})`;
  }
  if (reply.startsWith('-DENIED')) {
    return `the master is in protected mode and refuses this address: set a password or bind there (${reply})`;
  }
  return undefined;
}

/** Settings hold one byte per character: a password may be any bytes. */
function encodeRequest(words: readonly string[]): Buffer {
  return encodeCommand(words.map((word) => Buffer.from(word, 'latin1')));
}

function judgePing(reply: string, settings: ReplicationSettings): Verdict {
  if (reply.startsWith('+')) return goOn;
  // A master with a password answers so before AUTH, the next step. [redis 7.0; 2.8 and before: ERR]
  const asksForAuth = /^-(?:NOAUTH|NOPERM|ERR operation not permitted)/.test(reply);
  if (asksForAuth && settings.masterauth !== '') return goOn;
  // Without a password to send, a user that may not PING may still be allowed to PSYNC.
  if (asksForAuth && reply.startsWith('-NOPERM')) {
    return { kind: 'tolerated', because: `The master refuses PING, not fatal: ${reply}` };
  }
  const because = explainRefusal(reply, settings) ?? `the master answers PING with ${quote(reply)}`;
  return { kind: 'fatal', because };
}

function judgeAuth(reply: string, settings: ReplicationSettings): Verdict {
  if (reply.startsWith('+')) return goOn;
  const who = settings.masteruser === '' ? 'masterauth' : `masteruser '${settings.masteruser}'`;
  return {
    kind: 'fatal',
    because: `Unable to AUTH to MASTER: it refuses our ${who}: ${quote(reply)}`,
  };
}

function tolerate(reply: string, consequence: string): Verdict {
  if (!reply.startsWith('-')) return goOn;
  return { kind: 'tolerated', because: `Not fatal, ${consequence}: ${quote(reply)}` };
}

function quote(reply: string): string {
  return `'${reply}'`;
}
