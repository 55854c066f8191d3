/**
 * The values of a configuration: defaults, then every line in order. `loadSettings` is pure but for
 * the reader that `include` goes through. The server's Config keeps and changes what comes out.
 */
import { resolve } from 'node:path';
import { ConfError, type ConfOrigin } from './conf-error.ts';
import {
  confLines,
  fromPath,
  toPath,
  type ConfSources,
  type IncludeReader,
  type SourcedLine,
} from './conf-source.ts';
import { initialSetting, readLine, type Directive, type Setting } from './directive.ts';
import { directiveNames, fileDirectives, findDirective, type DirectiveName } from './directives.ts';

/** The words for a line that the table does not know, Redis's own. */
const unknownLine = 'Bad directive or wrong number of arguments';

/** One directive's state. */
export interface SettingState extends Setting<unknown> {
  readonly row: Directive<unknown>;
  readonly initial: Setting<unknown>;
  /** The last line that set it; null where the default stands. */
  readonly origin: ConfOrigin | null;
}

export interface LoadedConf {
  readonly settings: Map<DirectiveName, SettingState>;
  /** Lines that are not values: user, loadmodule, rename-command and the like, in order. */
  readonly extras: readonly SourcedLine[];
}

export interface LoadOptions {
  /** Absolute; where relative paths start and what `dir` is by default. */
  readonly cwd: string;
  readonly reader: IncludeReader;
  /** What is wrong with a directory that `dir` names, in the system's words; null when it is fine. */
  readonly checkDir?: (path: string) => string | null;
}

/** Every directive at its default. */
const defaults: ReadonlyMap<DirectiveName, SettingState> = new Map(
  directiveNames.map((name) => {
    const { row } = findDirective(name)!;
    const initial = initialSetting(row);
    return [name, { row, initial, ...initial, origin: null }];
  }),
);

function defaultSettings(cwd: string): Map<DirectiveName, SettingState> {
  const settings = new Map(defaults);
  settings.set('dir', withText(settings.get('dir')!, fromPath(cwd), null));
  return settings;
}

/** Throws ConfError at the first line that Redis would stop at. */
export function loadSettings(sources: ConfSources, options: LoadOptions): LoadedConf {
  const settings = defaultSettings(options.cwd);
  const extras: SourcedLine[] = [];
  const currentDir = (): string => toPath(settings.get('dir')!.text);
  for (const line of confLines(sources, options.reader, currentDir)) {
    const found = findDirective(line.name);
    if (found === undefined) {
      extras.push(checkedExtra(line));
      continue;
    }
    const before = settings.get(found.name)!;
    const after = readState(before, line);
    const isDir = found.name === 'dir';
    settings.set(found.name, isDir ? resolveDir(after, line, before.text, options) : after);
  }
  return { settings, extras };
}

function readState(state: SettingState, line: SourcedLine): SettingState {
  const previous = state.origin === null ? null : state.value;
  const result = readLine(state.row, line.args, previous);
  if (result.kind === 'error') throw new ConfError(line.origin, result.reason);
  return { ...state, value: result.value, text: result.text, origin: line.origin };
}

/** `dir` is relative to the directory so far; it is kept absolute. */
function resolveDir(
  state: SettingState,
  line: SourcedLine,
  currentDir: string,
  options: LoadOptions,
): SettingState {
  const path = resolve(toPath(currentDir), toPath(state.text));
  const problem = state.text === '' ? 'No such file or directory' : options.checkDir?.(path);
  if (problem) throw new ConfError(line.origin, problem);
  return withText(state, fromPath(path), line.origin);
}

function checkedExtra(line: SourcedLine): SourcedLine {
  const known = Object.hasOwn(fileDirectives, line.name) ? fileDirectives[line.name] : null;
  const words = line.args.length + 1;
  const fits = known !== null && (known.arity < 0 ? words >= -known.arity : words === known.arity);
  if (!fits) throw new ConfError(line.origin, unknownLine);
  return line;
}

function withText(state: SettingState, text: string, origin: ConfOrigin | null): SettingState {
  return { ...state, value: text, text, origin };
}
