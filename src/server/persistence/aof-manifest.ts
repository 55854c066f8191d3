/**
 * The manifest of a multi-part append-only file: which files hold the data set, and in which order
 * they are loaded. Read and written side by side. Pure: files and directories are `aof-files.ts`.
 *
 *     file appendonly.aof.2.base.rdb seq 2 type b      at most one: the data set at some moment
 *     file appendonly.aof.4.incr.aof seq 4 type i      what changed since, in rising order
 *     file appendonly.aof.3.incr.aof seq 3 type h      replaced by a rewrite, to be deleted
 *
 * A name with spaces and the like is quoted as in redis.conf. Lines that begin with # are comments,
 * keys that are not known are passed over. [Redis 7.0]
 */
import { quoteArg, splitArgs } from '../../redis-conf/split-args.ts';

export interface AofFileEntry {
  readonly name: string;
  readonly seq: number;
}

export interface AofManifest {
  readonly base: AofFileEntry | null;
  readonly increments: readonly AofFileEntry[];
  readonly history: readonly AofFileEntry[];
}

export const emptyManifest: AofManifest = { base: null, increments: [], history: [] };

/** Longer lines than this, line end included, are not read. [aof.c, 7.0] */
const maxLineBytes = 1024;

/** What is wrong with a manifest, and where. */
export class AofManifestError extends Error {
  /** The line, counted from 1; 0 when it is about the whole. */
  readonly line: number;
  readonly text: string;

  constructor(reason: string, line = 0, text = '') {
    super(reason);
    this.line = line;
    this.text = text;
  }
}

export function parseManifest(text: string): AofManifest {
  if (text === '') throw new AofManifestError('Found an empty AOF manifest');
  const lines = text.split('\n');
  if (lines.pop() !== '')
    throw new AofManifestError('The AOF manifest file contains too long line');
  let manifest = emptyManifest;
  lines.forEach((line, index) => {
    if (line.length + 1 >= maxLineBytes) {
      throw new AofManifestError('The AOF manifest file contains too long line');
    }
    if (line.startsWith('#')) return;
    const refuse = (reason: string): never => {
      throw new AofManifestError(reason, index + 1, line);
    };
    manifest = withEntry(manifest, parseLine(line, refuse), refuse);
  });
  if (!isHistoryOlder(manifest)) {
    throw new AofManifestError('Found history that is not older than what has replaced it');
  }
  return manifest;
}

/**
 * History is deleted. What no rewrite can have replaced, like the newest increment, has come there by
 * damage, and with it what was written last would go.
 */
function isHistoryOlder({ base, history, increments }: AofManifest): boolean {
  const isIncrement = ({ name, seq }: AofFileEntry): boolean => name.endsWith(`.${seq}.incr.aof`);
  // A rewrite replaces a base; increments alone stay only if changes are appended.
  if (history.length > 0 && increments.length === 0 && history.every(isIncrement)) return false;
  return history.every((entry) => {
    if (isIncrement(entry)) return entry.seq < (increments.at(0)?.seq ?? Number.POSITIVE_INFINITY);
    return base !== null && entry.seq < base.seq;
  });
}

interface ParsedLine extends AofFileEntry {
  readonly type: string;
}

function parseLine(line: string, refuse: (reason: string) => never): ParsedLine {
  const words = splitArgs(line.trim());
  if (words === null || words.length < 6 || words.length % 2 !== 0) {
    return refuse('Invalid AOF manifest file format');
  }
  let [name, seq, type] = ['', 0, ''];
  const keys = new Set<string>();
  for (let at = 0; at < words.length; at += 2) {
    const value = words[at + 1];
    const key = words[at].toLowerCase();
    // Two lines whose end between them is damaged: one of the files would be forgotten.
    if (keys.has(key)) return refuse('Invalid AOF manifest file format');
    keys.add(key);
    if (key === 'file') name = value;
    else if (key === 'seq') seq = /^\d+$/.test(value) ? Number(value) : 0;
    else if (key === 'type') type = value.charAt(0);
  }
  if (/[/\\]/.test(name)) return refuse("File can't be a path, just a filename");
  if (name === '' || seq === 0 || type === '') return refuse('Invalid AOF manifest file format');
  return { name, seq, type };
}

function withEntry(
  manifest: AofManifest,
  { name, seq, type }: ParsedLine,
  refuse: (reason: string) => never,
): AofManifest {
  const entry = { name, seq };
  switch (type) {
    case 'b':
      if (manifest.base !== null) return refuse('Found duplicate base file information');
      return { ...manifest, base: entry };
    case 'i':
      if ((manifest.increments.at(-1)?.seq ?? 0) >= seq) {
        return refuse('Found a non-monotonic sequence number');
      }
      return { ...manifest, increments: [...manifest.increments, entry] };
    case 'h':
      return { ...manifest, history: [...manifest.history, entry] };
    default:
      return refuse('Unknown AOF file type');
  }
}

export function printManifest({ base, history, increments }: AofManifest): string {
  const line = ({ name, seq }: AofFileEntry, type: string): string =>
    `file ${quoteIfNeeded(name)} seq ${seq} type ${type}\n`;
  return [
    ...(base === null ? [] : [line(base, 'b')]),
    ...history.map((entry) => line(entry, 'h')),
    ...increments.map((entry) => line(entry, 'i')),
  ].join('');
}

function quoteIfNeeded(name: string): string {
  return /[\s"'\\]|[^\x20-\x7e]/.test(name) ? quoteArg(name) : name;
}

/** The next base file; the format is in its name. */
export function nextBase(
  manifest: AofManifest,
  appendfilename: string,
  format: 'rdb' | 'aof',
): AofFileEntry {
  const seq = Math.max(manifest.base?.seq ?? 0, maxSeq(manifest.history, '.base.')) + 1;
  return { name: `${appendfilename}.${seq}.base.${format}`, seq };
}

export function nextIncrement(manifest: AofManifest, appendfilename: string): AofFileEntry {
  const seq =
    Math.max(manifest.increments.at(-1)?.seq ?? 0, maxSeq(manifest.history, '.incr.')) + 1;
  return { name: `${appendfilename}.${seq}.incr.aof`, seq };
}

function maxSeq(history: readonly AofFileEntry[], part: string): number {
  return history.reduce(
    (max, { name, seq }) => (name.includes(part) ? Math.max(max, seq) : max),
    0,
  );
}

/** After a rewrite: what the new base holds is history. The last `kept` increments go on. */
export function replaceBase(
  manifest: AofManifest,
  base: AofFileEntry,
  keptIncrements: number,
): AofManifest {
  const { increments } = manifest;
  const cut = increments.length - keptIncrements;
  return {
    base,
    increments: increments.slice(cut),
    // The latest first, as Redis has them.
    history: [
      ...increments.slice(0, cut).toReversed(),
      ...(manifest.base === null ? [] : [manifest.base]),
      ...manifest.history,
    ],
  };
}
