/**
 * Bugs to plant, one at a time, to see that the simulator finds them. Each is a small edit of the
 * product's source as the simulator builds it; the product knows nothing of it. An edit that no longer
 * fits its source fails the build.
 */
import type { SourceEdit } from './bundle.ts';

export interface Mutant {
  readonly name: string;
  /** What it does wrong. */
  readonly bug: string;
  readonly edits: readonly SourceEdit[];
}

const psync = 'src/server/replication/psync.ts';
const history = 'src/server/replication/history.ts';
const log = 'src/server/replication/replication-log.ts';
const master = 'src/server/replication/master.ts';
const acks = 'src/server/replication/acks.ts';
const link = 'src/server/replication/replica-link.ts';
const fullSync = 'src/server/replication/full-sync.ts';

export const mutants: readonly Mutant[] = [
  // ---- judgePsync ----
  mutant('psync-one-too-early', 'continues one byte before the backlog begins', psync, [
    [
      'if (request.offset < window.firstByteOffset)',
      'if (request.offset < window.firstByteOffset - 1)',
    ],
  ]),
  mutant('psync-one-too-late', 'refuses a replica that has everything', psync, [
    ['request.offset > window.masterReplOffset + 1', 'request.offset > window.masterReplOffset'],
  ]),
  mutant('psync-skips-one', 'continues one byte behind what was asked for', psync, [
    ['from: request.offset,', 'from: request.offset + 1,'],
  ]),
  mutant('psync-foreign-replid', 'accepts the id of a history that is not its own', psync, [
    ["if (!isFormer) return 'foreign-history';", 'void isFormer;'],
  ]),
  mutant('psync-second-offset', 'ignores where its former history ended', psync, [
    [
      "if (request.offset > history.secondReplOffset) return 'second-history-too-far';",
      '// Planted.',
    ],
  ]),
  mutant('history-no-second', 'forgets its former history when it is promoted', history, [
    ['    masterReplid2: history.masterReplid,', '    masterReplid2: noReplid,'],
  ]),
  mutant('history-second-offset', 'takes its former history for one byte longer', history, [
    [
      'secondReplOffset: next.masterReplOffset + 1,',
      'secondReplOffset: next.masterReplOffset + 2,',
    ],
  ]),
  // ---- the ring ----
  mutant('log-drops-early', 'drops a block when the rest is one byte short of the backlog', log, [
    ['>= this.#replBacklogSize\n', '>= this.#replBacklogSize - 1\n'],
  ]),
  mutant('log-drops-needed', 'drops a block in which a replica stands', log, [
    ['      first.cursors === 0 &&\n', ''],
  ]),
  mutant(
    'log-histlen',
    'counts one byte too few when a block is dropped, and does not check',
    log,
    [
      ['this.#histlen -= first.used;', 'this.#histlen -= first.used + 1;'],
      ["'replBacklogFirstByteOffset + replBacklogHistlen === masterReplOffset + 1',", "''"],
      ['this.#first.startOffset + this.#histlen === this.#masterReplOffset + 1', 'true'],
    ],
  ),
  mutant('cursor-skips', 'skips a byte where the next block begins', log, [
    ['this.#block = next;', 'this.#block = next;\n    this.#offset++;'],
  ]),
  mutant('cursor-sticks', 'does not go on to the next block', log, [
    ['this.#offset < next.startOffset', 'this.#offset <= next.startOffset'],
  ]),
  // ---- acknowledgements ----
  mutant('ack-unapplied', 'acknowledges what was received and not applied', link, [
    ['printAck(masterReplOffset,', 'printAck(masterReplOffset + this.#stream.unappliedBytes,'],
  ]),
  mutant('ack-wrong-link', 'counts an acknowledgement for the first replica there is', master, [
    [
      'aofOffset = 0): void {\n    const replica = this.#replicas.get(connection);',
      'aofOffset = 0): void {\n    const replica = this.#replicas.get(connection) && this.replicas[0];',
    ],
  ]),
  mutant('wait-not-online', 'WAIT counts replicas that are not online', acks, [
    [
      "replica.state === 'online' && replica.acked && replica.ackOffset >= offset",
      'replica.ackOffset >= offset',
    ],
  ]),
  mutant('wait-behind', 'WAIT counts replicas that have not come so far', acks, [
    ['replica.acked && replica.ackOffset >= offset', 'replica.acked'],
  ]),
  // ---- the snapshot ----
  mutant('snapshot-late-offset', 'announces the offset of now for a snapshot of before', fullSync, [
    [
      'printFullresync(this.saveInfo.replId, this.saveInfo.replOffset)',
      'printFullresync(this.saveInfo.replId, log.masterReplOffset)',
    ],
  ]),
  mutant('snapshot-late-cursor', 'begins the stream at the offset of now', fullSync, [
    ['log.openCursor(this.saveInfo.replOffset + 1)', 'log.openCursor(log.masterReplOffset + 1)'],
  ]),
  mutant('snapshot-lost-write', 'loses what was written while the snapshot was sent', master, [
    [
      "    if (target === 'disk') {\n",
      '    if (replica.cursor !== undefined) {\n' +
        '      replica.cursor.close();\n' +
        '      const end = this.#state.log.masterReplOffset + 1;\n' +
        '      replica.cursor = this.#state.log.openCursor(end) ?? undefined;\n' +
        "    }\n    if (target === 'disk') {\n",
    ],
  ]),
  {
    name: 'snapshot-late-data',
    bug: 'saves under the offset before the commands that are being gathered',
    edits: [
      {
        file: 'src/server/server.ts',
        from: '        this.#propagation.flushRun();\n        return rdbAux',
        to: '        return rdbAux',
      },
      ...['saveCommand(call: Call): void {\n', '    return;\n  }\n'].map((before) => ({
        file: 'src/server/commands/persistence.ts',
        from: `${before}  call.server.propagation.flushRun();\n`,
        to: before,
      })),
    ],
  },
  mutant(
    'snapshot-no-hook',
    'shows in the snapshot what was written after its offset',
    'src/server/keyspace/dict.ts',
    [['      this.observer.beforeWrite(this, ref);', '      // Planted.']],
  ),
  // ---- the link ----
  mutant('link-quiet-change', 'does not tell its replicas that the history has a new name', link, [
    ["      this.#owner.disconnectReplicas('the replication id changed above us');\n", ''],
  ]),
];

function mutant(
  name: string,
  bug: string,
  file: string,
  edits: readonly (readonly [from: string, to: string])[],
): Mutant {
  return { name, bug, edits: edits.map(([from, to]) => ({ file, from, to })) };
}
