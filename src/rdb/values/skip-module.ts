/**
 * Steps over what a module has stored: only the module knows what it means, but where it ends is
 * written in it. Used by the RDB reader, for values and for what a module says about the file.
 *
 *     MODULE_2     id:length { module-part } 0           the parts are in opcodes.ts
 *     MODULE_AUX   id:length when:length when:length { module-part } 0
 */
import { modulePart } from '../opcodes.ts';
import { incomplete, type RdbInput } from '../rdb-input.ts';
import type { StringWindow } from '../string-window.ts';
import { readLength, type Steps, type ValueContext } from './value-context.ts';

export function* skipModuleValue(context: ValueContext): Steps {
  const { input } = context;
  yield* readLength(input);
  yield* skipModuleParts(input, context.first);
  context.sink.skipped?.('module-value');
}

export function* skipModuleAux(context: ValueContext): Steps {
  const { input } = context;
  for (let facts = 3; facts > 0; facts--) yield* readLength(input);
  yield* skipModuleParts(input, context.first);
  context.sink.skipped?.('module-aux');
}

/** All parts and the mark behind them. One at a time: a module may write millions of them. */
function* skipModuleParts(input: RdbInput, text: StringWindow): Steps {
  for (;;) {
    const part = yield* readLength(input);
    if (part === modulePart.eof) return;
    while (!skipPart(part, input, text)) yield;
    if (input.at >= input.pauseAt) yield;
  }
}

function skipPart(part: number, input: RdbInput, text: StringWindow): boolean {
  switch (part) {
    case modulePart.sint:
    case modulePart.uint:
      return input.length() !== incomplete;
    case modulePart.float:
      return input.skip(4);
    case modulePart.double:
      return input.skip(8);
    case modulePart.string:
      return input.string(text);
    default:
      throw input.error('bad-encoding', `unknown part ${part} in a module's data`);
  }
}
