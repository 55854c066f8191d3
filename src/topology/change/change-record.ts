/**
 * What is written down of one change of a live topology, as lines of JSON: first what was there and
 * what is wanted, then each step before and after it is run, and how it ended. A record without an
 * end is a change that was not finished. Written and read by journal.ts; resume and rollback plan
 * from it. Pure. There is no secret in it: passwords come from where they came from the first time.
 */
import type { Address } from '../../instance/address.ts';
import type { NodeId, Topology } from '../model.ts';
import { linkOf } from '../model.ts';
import type { Step, StepOutcome } from '../plan/step.ts';

export const recordSchema = 'redis-repl/change-record';

/** Whom each node follows, or shall follow; null is a master. A node that is not in it stays. */
export type RecordedShape = Readonly<Record<NodeId, NodeId | null>>;

/** A node as the change found it: by its run id, and by its address should it have restarted. */
export interface RecordedNode {
  readonly id: NodeId;
  readonly name: string;
  readonly address: Address;
}

/** The first line. */
export interface RecordBegin {
  readonly kind: 'begin';
  readonly schema: typeof recordSchema;
  readonly version: 1;
  /** Sorts by time; what `repl resume ID` takes. */
  readonly id: string;
  /** Unix milliseconds. */
  readonly at: number;
  /** `user@host`, and the process that ran it. */
  readonly who: string;
  readonly pid: number;
  /** What was typed, for people. */
  readonly command: string;
  readonly nodes: readonly RecordedNode[];
  readonly before: RecordedShape;
  readonly wanted: RecordedShape;
  readonly steps: readonly Step[];
  /** The new places go into configuration files and inventory, too. */
  readonly persist: boolean;
  /** Nodes whose data is of another history than their new upstream's: it was agreed to clear it. */
  readonly clears?: readonly NodeId[];
}

/** How a change ended. `left`: as it was found half-way; what is `incomplete` can be resumed. */
export type RecordOutcome = 'done' | 'pending' | 'rolled-back' | 'left' | 'incomplete';

export interface RecordCost {
  readonly fullResyncs: number;
  readonly writeGapMs: number | null;
  readonly lostWrites: 0 | null;
}

export type RecordLine =
  | RecordBegin
  /** Somebody took it up again; the steps that follow are those of a new plan. */
  | {
      readonly kind: 'again';
      readonly at: number;
      readonly who: string;
      readonly pid: number;
      readonly direction: Direction;
      readonly steps: readonly Step[];
    }
  | { readonly kind: 'step-begin'; readonly at: number; readonly step: Step }
  | {
      readonly kind: 'step-end';
      readonly at: number;
      readonly step: Step;
      readonly outcome: StepOutcome;
    }
  | {
      readonly kind: 'end';
      readonly at: number;
      readonly outcome: RecordOutcome;
      readonly message: string | null;
      readonly cost: RecordCost | null;
    };

/** Forward to what was wanted, back to what was, or nowhere: only what is held is released. */
export type Direction = 'resume' | 'rollback' | 'leave';

export interface ChangeRecord {
  readonly begin: RecordBegin;
  readonly lines: readonly RecordLine[];
  /** Of the last attempt; undefined when the tool died in it. */
  readonly outcome: RecordOutcome | undefined;
}

export function formatRecordLine(line: RecordLine): string {
  return `${JSON.stringify(line)}\n`;
}

/**
 * A record from its text. A line that was cut off when the tool died is left out; undefined when
 * not even the first line is whole or it is none of ours.
 */
export function parseRecord(text: string): ChangeRecord | undefined {
  const lines = text
    .split('\n')
    .map(parseLine)
    .filter((line) => line !== undefined);
  const [begin] = lines;
  if (begin?.kind !== 'begin' || begin.schema !== recordSchema || begin.version !== 1) {
    return undefined;
  }
  const last = lines.at(-1);
  return { begin, lines, outcome: last?.kind === 'end' ? last.outcome : undefined };
}

/** It has to be resumed or rolled back before anything else is changed. */
export function isOpen({ outcome }: ChangeRecord): boolean {
  return outcome === undefined || outcome === 'incomplete';
}

/** Whom each node that answers follows now. */
export function recordShape(topology: Topology): RecordedShape {
  const alive = topology.nodes.filter(({ state }) => state.kind === 'up');
  return Object.fromEntries(
    alive.map(({ id }) => [id, linkOf(topology, id)?.upstream ?? null] as const),
  );
}

/** The recorded nodes as a topology of which only names and addresses are known: for the views. */
export function recordedTopology({ nodes }: RecordBegin): Topology {
  const failure = { kind: 'unreachable', message: 'was not asked' } as const;
  return {
    source: 'address',
    nodes: nodes.map(({ id, name, address }) => ({
      id,
      name,
      address,
      aliases: [address],
      silentAliases: [],
      dialAddress: address,
      expected: undefined,
      state: { kind: 'down', failure },
    })),
    links: [],
    sentinels: [],
  };
}

function parseLine(line: string): RecordLine | undefined {
  try {
    return JSON.parse(line) as RecordLine;
  } catch {
    return undefined;
  }
}
