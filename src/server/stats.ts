/** The server's counters, as INFO stats shows them; CONFIG RESETSTAT starts them over. */
export class ServerStats {
  totalConnectionsReceived = 0;
  totalCommandsProcessed = 0;
  totalNetInputBytes = 0;
  totalNetOutputBytes = 0;
  totalNetReplInputBytes = 0;
  totalNetReplOutputBytes = 0;
  rejectedConnections = 0;
  evictedKeys = 0;
  evictedClients = 0;
  totalErrorReplies = 0;
  unexpectedErrorReplies = 0;
  /** Error replies by their first word: INFO errorstats. */
  readonly errors = new Map<string, number>();

  /** Counts an error reply by its code, the first word without '-'. */
  countError(text: string): void {
    this.totalErrorReplies++;
    const space = text.indexOf(' ');
    const code = space < 0 ? text : text.slice(0, space);
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }

  reset(): void {
    this.totalConnectionsReceived = 0;
    this.totalCommandsProcessed = 0;
    this.totalNetInputBytes = 0;
    this.totalNetOutputBytes = 0;
    this.totalNetReplInputBytes = 0;
    this.totalNetReplOutputBytes = 0;
    this.rejectedConnections = 0;
    this.evictedKeys = 0;
    this.evictedClients = 0;
    this.totalErrorReplies = 0;
    this.unexpectedErrorReplies = 0;
    this.errors.clear();
  }
}
