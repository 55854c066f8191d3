/**
 * The load phase of the replica link: waits for the RDB's preamble, passes the RDB to the loader in
 * slices and says when the new data set is in place. It knows nothing of history or roles.
 */
import { parseRdbPreamble } from '../../protocol/psync-lines.ts';
import type { LoadedRdb, RdbLoader, ReplicationDeps } from './ports.ts';
import type { TransferForm } from './rdb-transfer.ts';
import { RdbTransfer } from './rdb-transfer.ts';
import type { WireInbox } from './wire-inbox.ts';
import { LinkBroken } from './wire-inbox.ts';

/** Loading costs 4–5 ms per MB: a slice keeps other clients waiting about a millisecond. */
const loadSliceBytes = 256 * 1024;

/** INFO's master_sync_… fields read it while the transfer runs. */
export interface TransferProgress {
  /** -1 before the preamble, 0 in the `$EOF:` form. */
  totalBytes: number;
  receivedBytes: number;
  /** The RDB is being applied to the data set, or waits for that. */
  loading: boolean;
}

export interface ReceiveRdbOptions {
  readonly inbox: WireInbox;
  readonly loader: RdbLoader;
  readonly defer: ReplicationDeps['defer'];
  readonly master: string;
  /** See LoadInfo. */
  readonly sameHistory: boolean;
  readonly progress: TransferProgress;
  readonly beforeReplacing: () => void;
  readonly onPreamble: (form: TransferForm) => void;
}

/** Resolves with what the RDB said about itself; throws LinkBroken, after telling the loader. */
export async function receiveRdb(options: ReceiveRdbOptions): Promise<LoadedRdb> {
  const form = await readPreamble(options.inbox);
  options.progress.totalBytes = form.kind === 'length' ? form.sizeBytes : 0;
  options.onPreamble(form);
  try {
    await feedRdb(options, form);
    return await options.loader.end();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    options.loader.abort(reason);
    if (error instanceof LinkBroken) throw error;
    throw new LinkBroken(`the RDB could not be loaded: ${reason}`);
  }
}

async function readPreamble(inbox: WireInbox): Promise<TransferForm> {
  for (;;) {
    const preamble = parseRdbPreamble(await inbox.readLine());
    switch (preamble.kind) {
      case 'heartbeat':
        continue;
      case 'length':
      case 'eof':
        return preamble;
      case 'error':
        throw new LinkBroken(`the master gave up the full resync: '${preamble.reply}'`);
      case 'malformed':
        throw new LinkBroken(`expected the size of an RDB, got '${preamble.reply.slice(0, 60)}'`);
    }
  }
}

async function feedRdb(options: ReceiveRdbOptions, form: TransferForm): Promise<void> {
  const { inbox, loader, progress, master, sameHistory, beforeReplacing } = options;
  progress.loading = true;
  const sizeBytes = form.kind === 'length' ? form.sizeBytes : undefined;
  inbox.throwIfGivenUp();
  await loader.begin({ master, form: form.kind, sameHistory, sizeBytes, beforeReplacing });
  const transfer = new RdbTransfer(form);
  const slices: Uint8Array[] = [];
  const collect = (bytes: Uint8Array): void => {
    slices.push(...sliced(bytes));
  };
  for (let fedBytes = 0; !transfer.done;) {
    inbox.unread(transfer.feed(await inbox.readChunk(), collect));
    for (const slice of slices.splice(0)) {
      await loader.feed(slice);
      progress.receivedBytes += slice.length;
      fedBytes += slice.length;
      if (fedBytes >= loadSliceBytes) {
        fedBytes = 0;
        await nextTurn(options.defer);
      }
      inbox.throwIfGivenUp();
    }
  }
}

function* sliced(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += loadSliceBytes) {
    yield bytes.subarray(at, at + loadSliceBytes);
  }
}

function nextTurn(defer: ReplicationDeps['defer']): Promise<void> {
  return new Promise((resolve) => defer(resolve));
}
