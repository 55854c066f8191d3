/**
 * PSYNC from the replica's end: which history is asked for, and what the master's answer means. It
 * comes after the handshake; what follows from the answer is the replica link's work.
 *
 *   PSYNC replid offset ─▶ +CONTINUE [replid]              the stream goes on from there
 *   PSYNC ? -1          ─▶ +FULLRESYNC replid offset       an RDB comes, then the stream
 *                       ─▶ -ERR unknown command ─▶ SYNC    a master before 2.8: an RDB without a place
 *                       ─▶ anything else                   this attempt is at its end
 *
 * Like the handshake it has no clock, and retries nothing.
 */
import type { PsyncReply, PsyncRequest } from '../../protocol/psync-lines.ts';
import { noHistoryRequest, parsePsyncReply, printPsync } from '../../protocol/psync-lines.ts';
import type { Failover } from './failover.ts';
import { explainRefusal } from './handshake.ts';
import type { ReplicationLogger, ReplicationSettings } from './ports.ts';
import { LinkBroken } from './wire-inbox.ts';

/** The master sends its whole data set; what it says about its place, `sync` nothing. */
export type FullAnswer = Extract<PsyncReply, { kind: 'fullresync' }> | { readonly kind: 'sync' };

export type SyncAnswer = Extract<PsyncReply, { kind: 'continue' }> | FullAnswer;

/** The fate of a request to take over, while a FAILOVER of ours is under way. */
export type Handover = Pick<Failover, 'handsOver' | 'onAsking' | 'onAccepted' | 'onRefused'>;

/** What it needs of the link. */
export interface PsyncIo {
  readonly settings: ReplicationSettings;
  readonly logger: ReplicationLogger;
  readonly failover: Handover;
  /** The first byte that we lack of a history; undefined: there is none to continue. */
  readonly continueFrom: { readonly replid: string; readonly offset: number } | undefined;
  readonly write: (bytes: Uint8Array) => void;
  readonly readLine: () => Promise<string>;
  /** An attempt that was given up meanwhile must not change anything any more. */
  readonly throwIfGivenUp: () => void;
}

/** Resolves to what the master will send; throws LinkBroken when that is nothing. */
export async function exchangePsync(io: PsyncIo): Promise<SyncAnswer> {
  const { failover, logger, settings } = io;
  const request = psyncRequest(io);
  if (request.failover) failover.onAsking();
  io.write(printPsync(request));
  const reply = parsePsyncReply(await readPsyncLine(io));
  io.throwIfGivenUp();
  if (request.failover) onHandoverReply(failover, reply);
  switch (reply.kind) {
    case 'continue':
      if (io.continueFrom !== undefined) return reply;
      throw new LinkBroken('the master continues a history that we did not ask for');
    case 'fullresync':
      logger.notice(`Full resync from master: ${reply.replid}:${reply.offset}`);
      return reply;
    case 'try-later':
      throw new LinkBroken(`the master cannot serve us yet: '${reply.reply}'`);
    case 'refused':
      throw new LinkBroken(explainRefusal(reply.reply, settings) ?? reply.reply);
    case 'malformed':
      throw new LinkBroken(`the master answers PSYNC with '${reply.reply.slice(0, 60)}'`);
    case 'not-supported':
      break;
  }
  // Masters before 2.8: always a full copy, without ids and offsets.
  logger.notice(`The master does not support PSYNC ('${reply.reply}'): trying SYNC`);
  io.write(Buffer.from('SYNC\r\n'));
  return { kind: 'sync' };
}

function psyncRequest({ continueFrom, failover, logger }: PsyncIo): PsyncRequest {
  if (continueFrom === undefined) {
    logger.notice('Asking for a full resync: there is no history to continue');
    return noHistoryRequest;
  }
  const { replid, offset } = continueFrom;
  logger.notice(`Trying a partial resynchronization (request ${replid}:${offset})`);
  return { replid, offset, failover: failover.handsOver };
}

/** Empty lines are the master's signs of life while it is busy. */
async function readPsyncLine(io: PsyncIo): Promise<string> {
  for (;;) {
    const line = await io.readLine();
    if (line !== '') return line;
  }
}

/** What our former replica says to taking over; after a refusal this attempt is at its end. */
function onHandoverReply(failover: Handover, reply: PsyncReply): void {
  if (reply.kind === 'continue' || reply.kind === 'fullresync') {
    failover.onAccepted();
    return;
  }
  failover.onRefused(reply.reply);
  throw new LinkBroken(`the target of the failover answers '${reply.reply}'`);
}
