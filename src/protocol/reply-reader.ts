/**
 * Reads RESP2 replies from bytes that arrive in pieces. For clients of few and small replies (INFO,
 * ROLE, CONFIG GET): a reply that is not all there is read again from its start with the next piece.
 *
 *   +text    -error    :integer    $length bytes    *count replies    $-1 and *-1: null
 */

/** An error reply, as a value: the connection is fine. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError';
}

export type Reply = string | number | null | ReplyError | readonly Reply[];

/** What is longer than this is not something that was asked for. */
const maxPendingBytes = 16 * 1024 * 1024;

export class ReplyReader {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  /** Takes what has arrived; what is read at once is not copied. */
  feed(chunk: Buffer): void {
    const rest = this.#bytes.subarray(this.#at);
    this.#bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    this.#at = 0;
  }

  /** The next whole reply; undefined when there is none yet. Throws for what is no RESP2. */
  next(): Reply | undefined {
    const start = this.#at;
    const reply = this.#reply();
    if (reply !== undefined) return reply;
    this.#at = start;
    if (this.#bytes.length - start > maxPendingBytes) throw protocolError('a reply is too long');
    return undefined;
  }

  // ---- from here on undefined means: not all there ----

  #reply(): Reply | undefined {
    if (this.#at === this.#bytes.length) return undefined;
    const type = String.fromCharCode(this.#bytes[this.#at]);
    // What speaks something else may never send a line end: it is not waited for.
    if (!'+-:$*'.includes(type)) throw protocolError(`a reply begins with ${JSON.stringify(type)}`);
    const line = this.#line();
    if (line === undefined || type === '+') return line;
    if (type === '-') return new ReplyError(line);
    const number = toInteger(line);
    if (type === ':') return number;
    return type === '$' ? this.#bulk(number) : this.#array(number);
  }

  /** The rest of the line, after the type. */
  #line(): string | undefined {
    const start = this.#at + 1;
    const end = this.#bytes.indexOf('\r\n', start);
    if (end < 0) return undefined;
    this.#at = end + 2;
    return this.#bytes.toString('utf8', start, end);
  }

  #bulk(length: number): string | null | undefined {
    if (length < 0) return null;
    const start = this.#at;
    const end = start + length;
    if (end + 2 > this.#bytes.length) return undefined;
    this.#at = end + 2;
    return this.#bytes.toString('utf8', start, end);
  }

  #array(count: number): readonly Reply[] | null | undefined {
    if (count < 0) return null;
    const replies: Reply[] = [];
    while (replies.length < count) {
      const reply = this.#reply();
      if (reply === undefined) return undefined;
      replies.push(reply);
    }
    return replies;
  }
}

function toInteger(text: string): number {
  if (!/^-?\d+$/.test(text)) throw protocolError(`a number is ${JSON.stringify(text)}`);
  return Number(text);
}

function protocolError(what: string): Error {
  return new Error(`Protocol error: ${what}`);
}
