/**
 * Why something is not even begun. Refusals are values: preflight collects all of them, so that the
 * user mends everything at once; cli/ decides which exit code each kind means.
 */

export type RefusalKind =
  // The command line is wrong:
  | 'invalid-port'
  | 'duplicate-port'
  | 'unknown-upstream'
  | 'cycle'
  | 'invalid-bind'
  // The command line is fine, the world is not:
  | 'lab-exists'
  | 'lab-running'
  | 'directory-taken'
  | 'port-taken'
  | 'address-missing'
  | 'engine-missing';

export interface Refusal {
  readonly kind: RefusalKind;
  /** What is wrong, with the port or path that it is about. */
  readonly message: string;
  /** What to do instead; a command where possible. */
  readonly hint: string;
}
