/**
 * Where changes are written down, one file each: `changes/ID.jsonl` in a lab's `.repl`, or in the
 * user's state directory for setups that are no lab. The beginning is on the disk before anything is
 * touched; steps are appended as they go, and survive the death of this process, which is what they
 * are for. Used by the change engine, and by resume, rollback and history.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { OperatorError } from '../../util/errors.ts';
import { fileErrorText } from '../../util/file-error.ts';
import {
  formatRecordLine,
  isOpen,
  parseRecord,
  type ChangeRecord,
  type RecordBegin,
  type RecordLine,
} from './change-record.ts';
import type { Topology } from '../model.ts';

const fileEnding = '.jsonl';

/** The directory for what repl remembers: of a lab, or of everything else. */
export function stateDir(
  labDir: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  if (labDir !== undefined) return join(labDir, '.repl');
  const home = env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local', 'state');
  return join(home, 'redis-repl');
}

/** One change's file, open for appending. */
export interface Journal {
  /** Not yet safe from a power cut when it returns, but from the end of this process. */
  append(line: RecordLine): void;
  /** Makes all lines safe from a power cut, and closes the file. */
  close(): void;
}

/** Begins a record. Throws an OperatorError where it cannot be written: then nothing is changed. */
export function beginJournal(dir: string, begin: RecordBegin): Journal {
  return openJournal(dir, begin.id, { flags: 'ax', first: begin });
}

/** Goes on with a record. Its last line may have been cut off: ours begins on a new one. */
export function continueJournal(dir: string, id: string, first: RecordLine): Journal {
  return openJournal(dir, id, { flags: 'a', first });
}

/** All records, the oldest first. Files that are none of ours are passed over. */
export async function readRecords(dir: string): Promise<ChangeRecord[]> {
  const names = await readdir(changesDir(dir)).catch(() => []);
  const ours = names.filter((name) => name.endsWith(fileEnding)).sort();
  const texts = await Promise.all(
    ours.map((name) => readFile(join(changesDir(dir), name), 'utf8')),
  );
  const records = texts.map(parseRecord).filter((record) => record !== undefined);
  // Ids sort by the second.
  return records.sort((a, b) => a.begin.at - b.begin.at);
}

/** Unfinished changes that touched one of these nodes: they come first. */
export function openRecordsOf(
  records: readonly ChangeRecord[],
  topology: Topology,
): ChangeRecord[] {
  const ids = new Set(topology.nodes.map(({ id }) => id));
  const places = new Set(topology.nodes.map(({ address: { host, port } }) => `${host} ${port}`));
  const touches = ({ begin }: ChangeRecord): boolean =>
    begin.nodes.some(
      ({ id, address: { host, port } }) => ids.has(id) || places.has(`${host} ${port}`),
    );
  return records.filter((record) => isOpen(record) && touches(record));
}

/** An id that sorts by time: `20261127-110640-3f2a`. */
export function newChangeId(now: number, random: () => number): string {
  const stamp = new Date(now).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const tail = Math.floor(random() * 0x1_0000)
    .toString(16)
    .padStart(4, '0');
  return `${stamp}-${tail}`;
}

function openJournal(
  dir: string,
  id: string,
  { flags, first }: { flags: 'ax' | 'a'; first: RecordLine },
): Journal {
  const path = join(changesDir(dir), `${id}${fileEnding}`);
  let fd: number;
  try {
    mkdirSync(changesDir(dir), { recursive: true, mode: 0o700 });
    fd = openSync(path, flags, 0o600);
    writeSync(fd, `${flags === 'a' ? '\n' : ''}${formatRecordLine(first)}`);
    fsyncSync(fd);
  } catch (error) {
    throw new OperatorError(`the change cannot be written down in ${path}, so it is not made`, {
      cause: fileErrorText(error),
      hint: 'make that directory writable, or set XDG_STATE_HOME',
    });
  }
  return {
    append: (line) => void writeSync(fd, formatRecordLine(line)),
    close: () => {
      fsyncSync(fd);
      closeSync(fd);
    },
  };
}

function changesDir(dir: string): string {
  return join(dir, 'changes');
}
