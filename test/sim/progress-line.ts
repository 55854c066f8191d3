/** How far a long run is: one line that is overwritten, or now and then a new one where none can be. */

const logEveryMs = 10_000;

export class ProgressLine {
  readonly #isTerminal = process.stderr.isTTY;
  #shownAtMs = Number.NEGATIVE_INFINITY;
  #shown = '';

  show(text: string): void {
    const now = performance.now();
    if (this.#isTerminal) process.stderr.write(`\r${text.padEnd(this.#shown.length)}`);
    else if (now - this.#shownAtMs >= logEveryMs) console.error(text);
    else return;
    this.#shownAtMs = now;
    this.#shown = text;
  }

  /** Something that stays. */
  print(text: string): void {
    this.end();
    console.log(text);
  }

  end(): void {
    if (this.#isTerminal && this.#shown !== '') process.stderr.write('\n');
    this.#shown = '';
  }
}
