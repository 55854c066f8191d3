/**
 * The vocabulary of changes: what one step of a plan can be, and how it can end. Plain data that can
 * be printed, saved and read again. Made by plan-draft.ts, run by run-step.ts, put into words by the
 * views.
 */
import type { Address } from '../../instance/address.ts';
import type { NodeId } from '../model.ts';

/** One thing to do to one node, and to verify there. Ids are those of the observed topology. */
export type Step =
  /** `period` is what it was before, in seconds, and is again after `restore-pings`. */
  | {
      readonly kind: 'hold-pings' | 'restore-pings';
      readonly node: NodeId;
      readonly period: number;
    }
  | { readonly kind: 'hold-writes'; readonly node: NodeId }
  /** Before writers have to wait: nobody is so far behind that they would wait for long. */
  | {
      readonly kind: 'await-nearly-in-step';
      readonly node: NodeId;
      readonly also: readonly NodeId[];
      readonly with: NodeId;
    }
  /** `node`, and all of `also`, have every byte that `with` has now. */
  | {
      readonly kind: 'await-in-step';
      readonly node: NodeId;
      readonly also: readonly NodeId[];
      readonly with: NodeId;
    }
  /**
   * Follows nobody for a moment, so that its offset stands still; it stays a replica. `from` is whom
   * it followed, and follows again when the plan stops before it got its new place.
   */
  | { readonly kind: 'detach'; readonly node: NodeId; readonly from: Address }
  | {
      readonly kind: 'follow';
      readonly node: NodeId;
      readonly upstream: Address;
      readonly as: FollowReason;
    }
  | { readonly kind: 'follow-no-one'; readonly node: NodeId }
  /** The server hands over by itself. `upstream` is the target as the server lists its replicas. */
  | {
      readonly kind: 'failover';
      readonly node: NodeId;
      readonly to: NodeId;
      readonly upstream: Address;
    }
  | { readonly kind: 'release-writes'; readonly node: NodeId }
  /** `of` is the upstream's node, where it is known. */
  | {
      readonly kind: 'await-link';
      readonly node: NodeId;
      readonly upstream: Address;
      readonly of: NodeId | undefined;
    }
  | { readonly kind: 'rewrite-config'; readonly node: NodeId };

/**
 * Seconds between PINGs while they are held: none comes in a server's life, for they come when its
 * uptime in seconds is a multiple of this. Who finds it later knows that a change was broken off.
 */
export const heldPingPeriod = 2_147_483_647;

/** Why a node gets a new upstream: words for the reader of the plan. */
export type FollowReason = 'demotion' | 'sibling' | 'catch-up' | 'asked';

/** How a step ended. */
export type StepOutcome =
  | { readonly kind: 'ok' }
  /** It goes on by itself, only not within our timeout. */
  | { readonly kind: 'pending'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

/** After it, a node takes writes that took none before. */
export function makesMaster({ kind }: Step): boolean {
  return kind === 'follow-no-one' || kind === 'failover';
}

/** Every node that a step talks to, the one that it is about first. */
export function nodesOfStep(step: Step): NodeId[] {
  switch (step.kind) {
    case 'await-nearly-in-step':
    case 'await-in-step':
      return [step.node, ...step.also, step.with];
    case 'await-link':
      return step.of === undefined ? [step.node] : [step.node, step.of];
    case 'failover':
      return [step.node, step.to];
    default:
      return [step.node];
  }
}
