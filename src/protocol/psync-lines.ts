/**
 * The words of the replication protocol, both ways: each is parsed and printed here, side by side.
 *
 *   replica → master   PSYNC <replid|?> <offset|-1> [FAILOVER]        REPLCONF <option> <value> …
 *   master → replica   +FULLRESYNC <replid> <offset>   +CONTINUE [replid]   -NOMASTERLINK …
 *                      then, in a full resync, the preamble of the RDB:
 *                      $<length>\r\n<bytes>     or     $EOF:<40-byte mark>\r\n<bytes><mark>
 *                      with bare \n as a sign of life while the RDB is being prepared.
 *
 * Used by the bundled server (both roles) and by tools that act as a replica. Pure text work: no
 * sockets, no decisions about history.
 */

import { encodeCommand } from './resp-encode.ts';

/** Length of a replication id and of an `$EOF:` mark. */
const replidChars = 40;

// ---- PSYNC and its replies -----------------------------------------------------------------------

export interface PsyncRequest {
  /** What the replica believes in; `?` = no history. */
  readonly replid: string;
  /** The first byte that the replica lacks; -1 with `?`. */
  readonly offset: number;
  /** The sender is a master that hands over to us (FAILOVER). */
  readonly failover: boolean;
}

export const noHistoryRequest: PsyncRequest = { replid: '?', offset: -1, failover: false };

export function printPsync(request: PsyncRequest): Buffer {
  const tail = request.failover ? ['FAILOVER'] : [];
  return encodeCommand(['PSYNC', request.replid, String(request.offset), ...tail]);
}

/** `args` without the command's name; undefined when the offset is not an integer. */
export function parsePsyncArgs(args: readonly string[]): PsyncRequest | undefined {
  const [replid = '?', offsetText = ''] = args;
  const offset = parseInteger(offsetText);
  if (offset === undefined) return undefined;
  return { replid, offset, failover: args[2]?.toLowerCase() === 'failover' };
}

export type PsyncReply =
  | { readonly kind: 'fullresync'; readonly replid: string; readonly offset: number }
  | { readonly kind: 'continue'; readonly replid: string | undefined }
  /** The master will be able to serve us later. */
  | { readonly kind: 'try-later'; readonly reply: string }
  /** The master refuses us as we are: a password, a permission, protected mode. */
  | { readonly kind: 'refused'; readonly reply: string }
  /** Any other error: masters before 2.8 do not know PSYNC. */
  | { readonly kind: 'not-supported'; readonly reply: string }
  | { readonly kind: 'malformed'; readonly reply: string };

export function printFullresync(replid: string, offset: number): string {
  return `+FULLRESYNC ${replid} ${offset}\r\n`;
}

/** Without an id for replicas that did not announce `capa psync2`. */
export function printContinue(replid: string | undefined): string {
  return replid === undefined ? '+CONTINUE\r\n' : `+CONTINUE ${replid}\r\n`;
}

/** `line` without its line end. */
export function parsePsyncReply(line: string): PsyncReply {
  const words = line.split(' ');
  switch (words[0]) {
    case '+FULLRESYNC':
      return parseFullresync(line, words);
    case '+CONTINUE':
      return parseContinue(line, words);
    case '-NOMASTERLINK':
    case '-MASTERDOWN':
    case '-LOADING':
      return { kind: 'try-later', reply: line };
    case '-NOAUTH':
    case '-NOPERM':
    case '-DENIED':
      return { kind: 'refused', reply: line };
    default:
      return { kind: line.startsWith('-') ? 'not-supported' : 'malformed', reply: line };
  }
}

function parseFullresync(line: string, words: readonly string[]): PsyncReply {
  const [, replid = '', offsetText = ''] = words;
  const offset = parseInteger(offsetText);
  if (!isReplid(replid) || offset === undefined || offset < 0) {
    return { kind: 'malformed', reply: line };
  }
  return { kind: 'fullresync', replid, offset };
}

function parseContinue(line: string, words: readonly string[]): PsyncReply {
  const replid = words[1];
  if (replid === undefined) return { kind: 'continue', replid: undefined };
  return isReplid(replid) ? { kind: 'continue', replid } : { kind: 'malformed', reply: line };
}

function isReplid(text: string): boolean {
  return text.length === replidChars;
}

// ---- The preamble of the RDB ---------------------------------------------------------------------

export type RdbPreamble =
  | { readonly kind: 'length'; readonly sizeBytes: number }
  | { readonly kind: 'eof'; readonly mark: Buffer }
  /** An empty line: the master is alive and not ready. */
  | { readonly kind: 'heartbeat' }
  | { readonly kind: 'error'; readonly reply: string }
  | { readonly kind: 'malformed'; readonly reply: string };

export function printRdbLength(sizeBytes: number): string {
  return `$${sizeBytes}\r\n`;
}

export function printRdbEof(mark: string): string {
  return `$EOF:${mark}\r\n`;
}

/** `line` without its line end. */
export function parseRdbPreamble(line: string): RdbPreamble {
  if (line === '') return { kind: 'heartbeat' };
  if (line.startsWith('-')) return { kind: 'error', reply: line };
  if (line.startsWith('$EOF:') && line.length === 5 + replidChars) {
    return { kind: 'eof', mark: Buffer.from(line.slice(5), 'latin1') };
  }
  const sizeBytes = line.startsWith('$') ? parseInteger(line.slice(1)) : undefined;
  if (sizeBytes === undefined || sizeBytes < 0) return { kind: 'malformed', reply: line };
  return { kind: 'length', sizeBytes };
}

// ---- REPLCONF ------------------------------------------------------------------------------------

export type ReplconfOption =
  | { readonly kind: 'listening-port'; readonly port: number }
  | { readonly kind: 'ip-address'; readonly ip: string }
  /** Unknown capabilities are to be ignored. */
  | { readonly kind: 'capa'; readonly name: string }
  | { readonly kind: 'ack'; readonly offset: number }
  /** How far the replica's append-only file is safe on its disk; stands beside an ack. [redis 7.2] */
  | { readonly kind: 'fack'; readonly offset: number }
  | { readonly kind: 'getack' }
  | { readonly kind: 'rdb-only'; readonly enabled: boolean }
  | { readonly kind: 'rdb-filter-only'; readonly sections: readonly string[] };

export interface ReplconfArgs {
  /** Valid options, in order, up to the first wrong one. */
  readonly options: readonly ReplconfOption[];
  /** The error line for the first wrong option, without the leading `-`. */
  readonly error?: string;
}

/** Longest `ip-address`: a host name of the DNS fits. [redis 7.0 networking: NET_HOST_STR_LEN] */
const maxAnnouncedHostBytes = 255;

const notAnInteger = 'ERR value is not an integer or out of range';

/** `args` without the command's name. */
export function parseReplconfArgs(args: readonly string[]): ReplconfArgs {
  const options: ReplconfOption[] = [];
  if (args.length % 2 !== 0) return { options, error: 'ERR syntax error' };
  for (let index = 0; index < args.length; index += 2) {
    const option = parseReplconfOption(args[index], args[index + 1]);
    if (typeof option === 'string') return { options, error: option };
    if (option !== undefined) options.push(option);
  }
  return { options };
}

/** A string is an error; undefined is an option to be ignored. */
function parseReplconfOption(name: string, value: string): ReplconfOption | string | undefined {
  switch (name.toLowerCase()) {
    case 'listening-port': {
      const port = parseInteger(value);
      return port === undefined ? notAnInteger : { kind: 'listening-port', port };
    }
    case 'ip-address':
      return value.length > maxAnnouncedHostBytes
        ? `ERR REPLCONF ip-address provided by replica instance is too long: ${value.length} bytes`
        : { kind: 'ip-address', ip: value };
    case 'capa':
      return { kind: 'capa', name: value.toLowerCase() };
    case 'ack': {
      const offset = parseInteger(value);
      // A replica is never answered in its stream, not even about a bad number.
      return offset === undefined ? undefined : { kind: 'ack', offset };
    }
    case 'fack': {
      const offset = parseInteger(value);
      return offset === undefined ? undefined : { kind: 'fack', offset };
    }
    case 'getack':
      return { kind: 'getack' };
    case 'rdb-only': {
      const flag = parseInteger(value);
      return flag === undefined ? notAnInteger : { kind: 'rdb-only', enabled: flag === 1 };
    }
    case 'rdb-filter-only':
      return parseRdbFilter(value);
    // Newer replicas say what they are, and offer a second connection for the RDB: both are heard, and
    // the sync goes over the one connection there is. [redis 8.0, valkey 8.0]
    case 'version':
    case 'rdb-channel':
    case 'main-ch-client-id':
    case 'set-rdb-client-id':
      return undefined;
    default:
      return `ERR Unrecognized REPLCONF option: ${name}`;
  }
}

function parseRdbFilter(value: string): ReplconfOption | string {
  const sections = value.replaceAll('"', '').split(' ').filter(Boolean);
  const unknown = sections.find((section) => section.toLowerCase() !== 'functions');
  if (unknown !== undefined) return `ERR Unsupported rdb-filter-only option: ${unknown}`;
  return { kind: 'rdb-filter-only', sections };
}

/** What a replica has, and, where it has an append-only file, how much of it is safe on its disk. */
export function printAck(offset: number, fsyncedOffset: number | undefined): Buffer {
  const fack = fsyncedOffset === undefined ? [] : ['FACK', String(fsyncedOffset)];
  return encodeCommand(['REPLCONF', 'ACK', String(offset), ...fack]);
}

/** A decimal integer that fits a double exactly; no spaces, no plus sign, no leading zeros. */
function parseInteger(text: string): number | undefined {
  if (!/^(?:0|-?[1-9][0-9]{0,15})$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
