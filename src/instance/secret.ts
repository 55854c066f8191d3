/**
 * A password on its way through our hands. It can be compared and used, but it does not appear
 * when something that holds it is printed, logged, spread or turned into JSON.
 */
import { inspect } from 'node:util';

export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** True for "no password": an empty directive. */
  get empty(): boolean {
    return this.#text === '';
  }

  equals(other: Secret): boolean {
    return this.#text === other.#text;
  }

  /** The text itself, to be sent to a server and nowhere else. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return '(secret)';
  }

  toJSON(): string {
    return '(secret)';
  }

  [inspect.custom](): string {
    return '(secret)';
  }
}
