/**
 * Colour for the views. Colour only repeats what the text says; without it nothing is lost.
 * Views get a `Paint` and do not ask the terminal.
 */

export type Colour = 'bold' | 'dim' | 'red' | 'yellow' | 'green';

export type Paint = (colour: Colour, text: string) => string;

/** SGR codes: on, off. */
const codes: Record<Colour, readonly [on: number, off: number]> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  yellow: [33, 39],
  green: [32, 39],
};

export const plain: Paint = (_colour, text) => text;

export const colours: Paint = (colour, text) => {
  const [on, off] = codes[colour];
  return text === '' ? '' : `\u001b[${on}m${text}\u001b[${off}m`;
};

/** For a stream: colour on a terminal that has it, unless NO_COLOR is set. */
export function paintFor(stream: { isTTY?: boolean; hasColors?: () => boolean }): Paint {
  return stream.isTTY === true && stream.hasColors?.() === true ? colours : plain;
}
