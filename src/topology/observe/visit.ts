/**
 * Whom a discovery asks and what came of it: made by discover.ts, put together by assemble.ts. Data.
 */
import type { Address } from '../../instance/address.ts';
import type { Credentials } from '../../instance/connection.ts';
import type { Outcome } from '../../instance/failure.ts';
import type { InstanceReport } from '../../instance/report.ts';
import type { Watch } from '../../instance/sentinel.ts';
import type { ExpectedPlace } from '../model.ts';

/** A node that we know of before we ask anyone. */
export interface Seed {
  readonly address: Address;
  /** Others by which the inventory means it: where nodes dial what we reach by a socket. */
  readonly aliases?: readonly Address[];
  /** Only nodes of an inventory have a name and a place. */
  readonly name?: string;
  readonly expected?: ExpectedPlace;
  readonly credentials?: Credentials;
  /** The inventory says that a Sentinel is there, which is none of the nodes. */
  readonly isSentinel?: boolean;
}

/** One address that was asked, and what came of it. */
export interface Visit {
  readonly seed: Seed;
  /** Named by the user or the inventory, not found on the way. */
  readonly isGiven: boolean;
  readonly outcome: Outcome<InstanceReport>;
  /** What a Sentinel believes; the outcome is a failure then. */
  readonly watches?: readonly Watch[];
}
