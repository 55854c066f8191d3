/**
 * One node's INFO replication with a plain sentence for every field. Pure: data → text and JSON.
 * Used by `repl info`. A field that we do not know is printed as it is.
 */
import { formatAddress, type Address } from '../../instance/address.ts';
import { explainInfoField } from './info-fields.ts';
import type { Paint } from './paint.ts';

export interface InfoInput {
  /** The lab's, or else the address. */
  readonly name: string;
  readonly address: Address;
  /** In the server's order. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** What `repl info --json` prints. */
export interface InfoDocument {
  readonly schema: 'redis-repl/info';
  readonly version: 1;
  readonly node: string;
  readonly address: string;
  readonly fields: readonly { name: string; value: string; meaning: string | null }[];
}

/** Long enough to read, and it fits the narrowest terminal. */
const lineChars = 76;

export function renderInfo({ name, address, fields }: InfoInput, paint: Paint): string {
  const where = formatAddress(address);
  const head = name === where ? where : `${name}  ${where}`;
  const blocks = fields.map(([field, value]) => fieldBlock(field, value, paint));
  return `${paint('bold', head)}\n\n${blocks.join('')}`;
}

export function infoDocument({ name, address, fields }: InfoInput): InfoDocument {
  return {
    schema: 'redis-repl/info',
    version: 1,
    node: name,
    address: formatAddress(address),
    fields: fields.map(([field, value]) => ({
      name: field,
      value,
      meaning: explainInfoField(field, value) ?? null,
    })),
  };
}

function fieldBlock(field: string, value: string, paint: Paint): string {
  const words = explainInfoField(field, value);
  const lines = words === undefined ? [] : wrap(words).map((line) => paint('dim', `    ${line}`));
  return [`${paint('bold', field)}: ${value}`, ...lines].map((line) => `${line}\n`).join('');
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= lineChars - 4) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}
