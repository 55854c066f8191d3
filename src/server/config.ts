/**
 * The running server's configuration: loads it, answers CONFIG GET, applies CONFIG SET all or
 * nothing, writes the file back. Made by main.ts (or a test), then read by every part of the server
 * through `values` and, where it is read per command, through the plain fields.
 * It changes nothing but itself: parts that must act on a change register with `onChange`.
 *
 * Texts hold one byte per character (latin1), as they came from the file or the client; `pathOf`
 * makes a file system path of one.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CommandLineRun } from '../redis-conf/command-line.ts';
import { ConfError } from '../redis-conf/conf-error.ts';
import {
  checkDir,
  confFileReader,
  readConfFile,
  rewriteFile,
  systemMessage,
} from '../redis-conf/conf-file.ts';
import { fromPath, toPath, type ConfSources, type SourcedLine } from '../redis-conf/conf-source.ts';
import { readLine, readSetValue } from '../redis-conf/directive.ts';
import {
  allDirectiveNames,
  fileDirectives,
  findDirective,
  type CamelCase,
  type ConfigValues,
  type DirectiveName,
  type NamedDirective,
} from '../redis-conf/directives.ts';
import { rewriteConf, wantedLines } from '../redis-conf/rewrite.ts';
import { loadSettings, type LoadedConf, type SettingState } from '../redis-conf/settings.ts';
import { globMatch, hasGlob } from '../util/glob.ts';

/** Applies a new value; a returned text refuses it and is the reason in the reply. */
export type ChangeListener<Name extends DirectiveName> = (
  value: ConfigValues[CamelCase<Name>],
) => string | null;

/** `reply` is the error reply without its leading `-`. */
export type ConfigResult =
  | { readonly kind: 'ok' }
  | { readonly kind: 'refused'; readonly reply: string };

const ok: ConfigResult = { kind: 'ok' };

interface Change {
  readonly asked: string;
  readonly directive: NamedDirective;
  readonly text: string;
}

export class Config {
  /** Absolute path of the file the server was started with; null for none. */
  readonly configFile: string | null;
  /** Lines of the configuration that hold no value (user, loadmodule, rename-command …). */
  readonly extras: readonly SourcedLine[];

  /** Every value by its camelCase name, always current. */
  readonly values: Readonly<ConfigValues>;

  // The same values for code that runs per command: a field of a small object, not one of 170.
  maxmemory = 0;
  maxmemoryPolicy: ConfigValues['maxmemoryPolicy'] = 'noeviction';
  replicaReadOnly = true;
  replicaServeStaleData = true;
  minReplicasToWrite = 0;
  minReplicasMaxLag = 10;
  stopWritesOnBgsaveError = true;
  protoMaxBulkLen = 0;
  clientQueryBufferLimit = 0;
  notifyKeyspaceEvents = '';
  slowlogLogSlowerThan = 0;
  latencyTracking = true;

  readonly #settings: Map<DirectiveName, SettingState>;
  readonly #values: Record<string, unknown> = {};
  readonly #listeners = new Map<DirectiveName, ((value: never) => string | null)[]>();

  /** Takes what `loadSettings` returned; `configFile` is made absolute from `cwd`. */
  constructor(loaded: LoadedConf, configFile: string | null = null) {
    this.configFile = configFile;
    this.extras = loaded.extras;
    this.#settings = loaded.settings;
    this.values = this.#values as unknown as ConfigValues;
    for (const [name, { value }] of this.#settings) this.#values[valueNameOf(name)] = value;
    this.#syncFields();
  }

  /** Defaults and the lines of `optionsText`: for tests and the programmatic entry. */
  static fromText(optionsText = '', cwd: string = process.cwd()): Config {
    return Config.load({ file: null, fileText: '', optionsText }, cwd);
  }

  /**
   * Reads the configuration file and standard input as the command line says. Throws ConfError for
   * a wrong line and OperatorError for a file that cannot be read.
   */
  static fromCommandLine(
    run: CommandLineRun,
    cwd: string = process.cwd(),
    stdinText: string = run.confFromStdin ? readFileSync(0, 'latin1') : '',
  ): Config {
    const file = run.confFile === null ? null : resolve(cwd, run.confFile);
    const sources = {
      file,
      fileText: file === null ? '' : readConfFile(file),
      stdinText,
      optionsText: run.optionsText,
    };
    return Config.load(sources, cwd);
  }

  static load(sources: ConfSources, cwd: string = process.cwd()): Config {
    const loaded = loadSettings(sources, { cwd, reader: confFileReader, checkDir });
    return new Config(loaded, sources.file === null ? null : resolve(cwd, sources.file));
  }

  /** CONFIG GET: names (as asked for, where no pattern was) with their values, each once. */
  get(patterns: readonly string[]): [name: string, value: string][] {
    const found = new Map<string, [string, string]>();
    for (const pattern of patterns) {
      if (!hasGlob(pattern)) {
        const directive = findDirective(pattern);
        if (directive !== undefined) this.#addTo(found, pattern, directive);
        continue;
      }
      for (const [name, directive] of allDirectiveNames()) {
        if (directive.row.hidden || !globMatch(pattern, name, true)) continue;
        this.#addTo(found, name, directive);
      }
    }
    return [...found.values()];
  }

  /**
   * CONFIG SET of all pairs or none. `local` says that the client came over loopback, which
   * enable-protected-configs may ask for.
   */
  set(
    pairs: readonly (readonly [name: string, value: string])[],
    { local = true }: { local?: boolean } = {},
  ): ConfigResult {
    const changes: Change[] = [];
    for (const [asked, text] of pairs) {
      const directive = findDirective(asked);
      if (directive === undefined) return unknownOption(asked);
      const problem = this.#whyNotSettable(directive, changes, local);
      if (problem !== null) return setFailed(asked, problem);
      changes.push({ asked, directive, text });
    }
    return this.#setAll(changes);
  }

  /**
   * Sets a value from inside the server, also where CONFIG SET may not: REPLICAOF sets `replicaof`,
   * main sets `dir` and `pidfile`. Words as on a line of the file; listeners are not called.
   */
  override(name: DirectiveName, args: readonly string[]): void {
    const state = this.#settings.get(name)!;
    const result = readLine(state.row, args, null);
    if (result.kind === 'error') throw new Error(`override ${name}: ${result.reason}`);
    this.#store(name, { ...state, value: result.value, text: result.text });
    this.#syncFields();
  }

  /** Calls `listener` after each CONFIG SET that changes the value; it may refuse. */
  onChange<Name extends DirectiveName>(name: Name, listener: ChangeListener<Name>): void {
    const listeners = this.#listeners.get(name) ?? [];
    this.#listeners.set(name, [...listeners, listener]);
  }

  /** True where a line of the configuration set the directive. */
  isExplicit(name: DirectiveName): boolean {
    return this.#settings.get(name)!.origin !== null;
  }

  /** Directives set by the configuration that the bundled server has no use for, for a log line. */
  ignoredDirectives(): DirectiveName[] {
    const ignored = [...this.#settings].filter(
      ([, { row, text, initial }]) => row.effect === 'none' && text !== initial.text,
    );
    return ignored.map(([name]) => name);
  }

  /**
   * Throws ConfError for the first thing in the configuration that the bundled server would have to
   * ignore though it matters: the AOF, TLS, cluster mode, modules, users.
   */
  validateForBundledServer(): void {
    for (const { row, text, origin } of this.#settings.values()) {
      if (row.refuse?.when(text) === true && origin !== null) {
        throw new ConfError(origin, row.refuse.because);
      }
    }
    for (const line of this.extras) {
      const because = fileDirectives[line.name].because;
      if (because !== null && !this.#isDefaultUser(line)) throw new ConfError(line.origin, because);
    }
  }

  /**
   * CONFIG REWRITE: the current values into `configFile`, replaced in one step. Those that are the
   * defaults are left out unless asked for.
   */
  rewrite({ defaultsToo = false } = {}): ConfigResult {
    if (this.configFile === null) {
      return refused('ERR The server is running without a config file');
    }
    try {
      rewriteFile(this.configFile, (text) => this.rewrittenText(text, { defaultsToo }));
      return ok;
    } catch (error) {
      return refused(`ERR Rewriting config file: ${systemMessage(error)}`);
    }
  }

  /** What CONFIG REWRITE makes of a file with this text. */
  rewrittenText(oldText: string, { defaultsToo = false } = {}): string {
    const user = { name: 'user', rows: [{ line: this.#defaultUserLine(), force: false }] };
    return rewriteConf(oldText, [...wantedLines(this.#settings, { defaultsToo }), user]);
  }

  #addTo(found: Map<string, [string, string]>, name: string, directive: NamedDirective): void {
    const key = name.toLowerCase();
    if (!found.has(key)) found.set(key, [name, this.#settings.get(directive.name)!.text]);
  }

  #whyNotSettable(
    { name, askedAlias, row }: NamedDirective,
    changes: readonly Change[],
    local: boolean,
  ): string | null {
    if (row.mutable === 'no') return "can't set immutable config";
    if (row.mutable === 'protected' && !this.#mayChangeProtected(local)) {
      return "can't set protected config";
    }
    const twin = changes.some(
      (change) => change.directive.name === name && change.directive.askedAlias === askedAlias,
    );
    return twin ? 'duplicate parameter' : null;
  }

  #mayChangeProtected(local: boolean): boolean {
    const { enableProtectedConfigs } = this.values;
    return enableProtectedConfigs === 'yes' || (enableProtectedConfigs === 'local' && local);
  }

  #setAll(changes: readonly Change[]): ConfigResult {
    const before = new Map<DirectiveName, SettingState>();
    for (const change of changes) {
      const { name } = change.directive;
      const state = this.#settings.get(name)!;
      if (!before.has(name)) before.set(name, state);
      const reason = this.#read(change, state);
      if (reason !== null) {
        this.#restore(before);
        return setFailed(change.asked, reason);
      }
    }
    this.#syncFields();
    return this.#apply(changes, before);
  }

  /** Stores the new value, or says why not. */
  #read({ directive: { name, row }, text: given }: Change, state: SettingState): string | null {
    // `dir` is kept absolute, and must be there.
    const text = name === 'dir' && given !== '' ? fromPath(this.#resolve(given)) : given;
    const problem = name === 'dir' ? checkDir(pathOf(text)) : null;
    if (problem !== null) return problem;
    const result = readSetValue(row, text, state.value);
    if (result.kind === 'error') return result.reason;
    if (row.refuse?.when(result.text) === true) return row.refuse.because;
    this.#store(name, { ...state, value: result.value, text: result.text });
    return null;
  }

  #resolve(path: string): string {
    return resolve(pathOf(this.values.dir), pathOf(path));
  }

  /** Tells the listeners; the first refusal puts every value back, and tells those that had agreed. */
  #apply(
    changes: readonly Change[],
    before: ReadonlyMap<DirectiveName, SettingState>,
  ): ConfigResult {
    const applied: DirectiveName[] = [];
    for (const [name, old] of before) {
      if (this.#settings.get(name)!.text === old.text) continue;
      applied.push(name);
      const reason = this.#notify(name);
      if (reason === null) continue;
      this.#restore(before);
      for (const again of applied) this.#notify(again);
      const asked = changes.find((change) => change.directive.name === name)!.asked;
      return setFailed(asked, reason);
    }
    return ok;
  }

  #notify(name: DirectiveName): string | null {
    for (const listener of this.#listeners.get(name) ?? []) {
      const reason = listener(this.#settings.get(name)!.value as never);
      if (reason !== null) return reason;
    }
    return null;
  }

  #restore(before: ReadonlyMap<DirectiveName, SettingState>): void {
    for (const [name, state] of before) this.#store(name, state);
    this.#syncFields();
  }

  #store(name: DirectiveName, state: SettingState): void {
    this.#settings.set(name, state);
    this.#values[valueNameOf(name)] = state.value;
  }

  #syncFields(): void {
    const { values } = this;
    this.maxmemory = values.maxmemory;
    this.maxmemoryPolicy = values.maxmemoryPolicy;
    this.replicaReadOnly = values.replicaReadOnly;
    this.replicaServeStaleData = values.replicaServeStaleData;
    this.minReplicasToWrite = values.minReplicasToWrite;
    this.minReplicasMaxLag = values.minReplicasMaxLag;
    this.stopWritesOnBgsaveError = values.stopWritesOnBgsaveError;
    this.protoMaxBulkLen = values.protoMaxBulkLen;
    this.clientQueryBufferLimit = values.clientQueryBufferLimit;
    this.notifyKeyspaceEvents = values.notifyKeyspaceEvents;
    this.slowlogLogSlowerThan = values.slowlogLogSlowerThan;
    this.latencyTracking = values.latencyTracking;
  }

  /**
   * Real servers write the default user's line when they rewrite a file. It may stay where it says
   * what requirepass says anyway.
   */
  #isDefaultUser({ name, args }: SourcedLine): boolean {
    if (name !== 'user' || args[0] !== 'default') return false;
    const rules = args.filter((rule) => rule !== 'sanitize-payload' && rule !== 'resetchannels');
    return ['user', ...rules].join(' ') === this.#defaultUserLine();
  }

  #defaultUserLine(): string {
    const { requirepass } = this.values;
    const hash = createHash('sha256').update(requirepass, 'latin1').digest('hex');
    return `user default on ${requirepass === '' ? 'nopass' : `#${hash}`} ~* &* +@all`;
  }
}

/** The file system path that a text value names. */
export function pathOf(value: string): string {
  return toPath(value);
}

function refused(reply: string): ConfigResult {
  return { kind: 'refused', reply };
}

function unknownOption(asked: string): ConfigResult {
  const name = asked.replace(/[\r\n]/g, ' ');
  return refused(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`);
}

function setFailed(asked: string, reason: string): ConfigResult {
  return refused(`ERR CONFIG SET failed (possibly related to argument '${asked}') - ${reason}`);
}

function valueNameOf(name: DirectiveName): string {
  return findDirective(name)!.valueName;
}
