/**
 * The lines that a server starts with, in the order in which they count: file, standard input,
 * options, with `include` expanded where it stands. Each line knows where it came from.
 * Reads files through the function it is given, one include at a time while the lines are taken.
 */
import { dirname, join, resolve } from 'node:path';
import { globMatch, hasGlob } from '../util/glob.ts';
import { ConfError, type ConfOrigin } from './conf-error.ts';
import { findDirective } from './directives.ts';
import { parseConf, trimLine, type ConfLine } from './parse.ts';

/** How deep `include` may nest before it is taken for a loop. */
const maxIncludeDepth = 16;

export interface ConfSources {
  /** Path of the configuration file; null for none. */
  readonly file: string | null;
  /** One byte per character (latin1), as the other texts. */
  readonly fileText: string;
  readonly stdinText?: string;
  readonly optionsText?: string;
}

/** What `include` needs of the file system. */
export interface IncludeReader {
  /** A file's text (latin1), or what the system says is wrong. */
  read(path: string): { text: string } | { error: string };
  /** The names in a directory; none where it cannot be read. */
  list(dir: string): readonly string[];
}

export interface SourcedLine {
  readonly name: string;
  readonly args: readonly string[];
  readonly origin: ConfOrigin;
}

interface Part {
  readonly text: string;
  readonly file: string | null;
  readonly place: string;
  /** Lines before this part, as Redis counts. */
  readonly linesBefore: number;
}

/**
 * Yields every directive but `include`. `currentDir` is asked when an include comes up, since a
 * `dir` line before it moves relative paths. Throws ConfError for a broken line or include.
 */
export function* confLines(
  sources: ConfSources,
  reader: IncludeReader,
  currentDir: () => string,
): Generator<SourcedLine> {
  const context = { reader, currentDir };
  for (const part of toParts(sources)) yield* partLines(part, context, 0);
}

interface IncludeContext {
  readonly reader: IncludeReader;
  readonly currentDir: () => string;
}

function toParts(sources: ConfSources): Part[] {
  const { file, fileText, stdinText = '', optionsText = '' } = sources;
  const parts: Part[] = [{ text: fileText, file, place: 'the file', linesBefore: 0 }];
  const fileLines = countNewlines(fileText);
  if (stdinText !== '') {
    parts.push({ text: stdinText, file: null, place: 'standard input', linesBefore: fileLines });
  }
  if (optionsText !== '') {
    // Redis puts a newline of its own before the options.
    const linesBefore = fileLines + countNewlines(stdinText) + 1;
    parts.push({ text: optionsText, file: null, place: 'the command line', linesBefore });
  }
  return parts;
}

function* partLines(part: Part, context: IncludeContext, depth: number): Generator<SourcedLine> {
  for (const line of parseConf(part.text)) {
    if (line.kind === 'blank' || line.kind === 'comment') continue;
    const origin = originOf(part, line);
    if (line.kind === 'broken') throw new ConfError(origin, line.reason);
    if (line.name === 'include' && line.args.length === 1) {
      yield* includedLines(line.args[0], origin, context, depth + 1);
    } else {
      yield { name: line.name, args: line.args, origin };
    }
  }
}

function* includedLines(
  pattern: string,
  origin: ConfOrigin,
  context: IncludeContext,
  depth: number,
): Generator<SourcedLine> {
  if (depth > maxIncludeDepth) throw new ConfError(origin, 'include files are nested too deeply');
  const path = resolve(context.currentDir(), toPath(pattern));
  const files = hasGlob(path) ? expandGlob(path, context.reader) : [path];
  for (const file of files) {
    const found = context.reader.read(file);
    if ('error' in found) {
      throw new ConfError(origin, `can't open config file '${file}': ${found.error}`);
    }
    const part = { text: found.text, file, place: 'the file', linesBefore: 0 };
    yield* partLines(part, context, depth);
  }
}

/** Paths that match, in order. Any part of the path may hold a pattern; hidden files do not match. */
function expandGlob(path: string, reader: IncludeReader): string[] {
  const parent = dirname(path);
  const dirs = hasGlob(parent) ? expandGlob(parent, reader) : [parent];
  const name = path.slice(parent.length).replace(/^\//, '');
  if (!hasGlob(name)) return dirs.map((dir) => join(dir, name));
  return dirs.flatMap((dir) =>
    [...reader.list(dir)]
      .filter((entry) => !entry.startsWith('.') && globMatch(name, entry))
      .sort()
      .map((entry) => join(dir, entry)),
  );
}

function originOf(part: Part, line: ConfLine): ConfOrigin {
  return {
    file: part.file,
    place: part.place,
    line: line.line,
    redisLine: part.linesBefore + line.line,
    text: maskSecret(line),
  };
}

/** A line of a sensitive directive is named, never shown. */
function maskSecret(line: ConfLine): string {
  const text = trimLine(line.raw);
  const name = line.kind === 'directive' ? line.name : text.split(/[ \t]/, 1)[0].toLowerCase();
  const secret = name === 'user' || findDirective(name)?.row.sensitive === true;
  return secret && text.length > name.length ? `${name} (hidden)` : text;
}

/** The path that a byte string names. */
export function toPath(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** The byte string for a path, the inverse of `toPath`. */
export function fromPath(path: string): string {
  return Buffer.from(path, 'utf8').toString('latin1');
}

function countNewlines(text: string): number {
  return text.split('\n').length - 1;
}
