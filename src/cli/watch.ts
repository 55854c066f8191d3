/**
 * Looking again and again: `repl status --watch`. On a terminal the screen is redrawn in place, in
 * a pipe each look is appended. `q` and Ctrl-C end it. Used by commands/status.ts.
 */
import type { ReadStream, WriteStream } from 'node:tty';
import type { Clock } from '../util/clock.ts';
import { fitText } from './views/fit.ts';

export interface WatchOptions<Look> {
  readonly look: () => Promise<Look>;
  readonly render: (look: Look) => string;
  readonly periodMs: number;
  readonly clock: Clock;
  readonly screen: Screen;
}

/** Where it is drawn, and how it is ended. */
export interface Screen {
  readonly isTerminal: boolean;
  /** Of a terminal, in characters; 0 where it is not known. */
  size(): { readonly columns: number; readonly rows: number };
  write(text: string): void;
  /** Calls `stop` when the user wants to end. Returns how to undo it. */
  onStop(stop: () => void): () => void;
}

const clearScreen = '\u001b[2J';
const home = '\u001b[H';
const clearLineEnd = '\u001b[K';
const clearBelow = '\u001b[J';

/** Runs until the user ends it; returns the last look. */
export async function watch<Look>(options: WatchOptions<Look>): Promise<Look> {
  const { look, render, periodMs, clock, screen } = options;
  let stopped = false;
  let wake = (): void => {};
  const undo = screen.onStop(() => {
    stopped = true;
    wake();
  });
  try {
    if (screen.isTerminal) screen.write(clearScreen);
    for (;;) {
      const seen = await look();
      screen.write(screen.isTerminal ? redraw(render(seen), screen.size()) : `${render(seen)}\n`);
      if (stopped) return seen;
      await new Promise<void>((resolve) => {
        const timer = clock.schedule(periodMs, resolve);
        wake = () => {
          timer.cancel();
          resolve();
        };
      });
      if (stopped) return seen;
    }
  } finally {
    undo();
  }
}

/** Over the screen before, line by line, so that nothing flickers. */
function redraw(text: string, { columns, rows }: ReturnType<Screen['size']>): string {
  const lines = (columns > 0 ? fitText(text, columns) : text).trimEnd().split('\n');
  // One more line than the screen has would push the first one out, at each look.
  const room = rows - 2;
  const more = lines.length - room;
  const shown =
    rows > 2 && more > 1
      ? [...lines.slice(0, room), `… ${more} lines more: a taller window shows them`]
      : lines;
  return `${home}${shown.map((line) => `${line}${clearLineEnd}\n`).join('')}${clearBelow}`;
}

/** The process's own terminal, or pipe. */
export function processScreen(stdin: ReadStream, stdout: WriteStream): Screen {
  const hasKeys = stdin.isTTY && stdout.isTTY;
  return {
    isTerminal: stdout.isTTY,
    size: () => ({ columns: stdout.columns || 0, rows: stdout.rows || 0 }),
    write: (text) => void stdout.write(text),
    onStop(stop) {
      const onKey = (key: Buffer): void => {
        // In raw mode Ctrl-C is a key like any other.
        if (key.includes('q') || key.includes(0x03)) stop();
      };
      process.on('SIGINT', stop);
      if (hasKeys) stdin.setRawMode(true).resume().on('data', onKey);
      return () => {
        process.off('SIGINT', stop);
        if (hasKeys) stdin.off('data', onKey).setRawMode(false).pause();
      };
    },
  };
}

/**
 * `--watch` alone or with seconds after it, as the parser wants it: `--watch=2`. A number of four
 * digits or more is a port, not a period.
 */
export function withWatchSeconds(argv: readonly string[], defaultSeconds: number): string[] {
  const out: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index];
    const next = argv[index + 1] ?? '';
    if (word !== '--watch' && word !== '-w') out.push(word);
    else if (/^\d{1,3}(?:\.\d+)?$/.test(next)) out.push(`--watch=${argv[++index]}`);
    else out.push(`--watch=${defaultSeconds}`);
  }
  return out;
}
