/** How long a bundled server's event loop was held up: loop-delay.mjs says it each second in its log. */
import type { ServerProgram } from '../support/server-process.ts';

export interface LoopDelay {
  maxMs: number;
  p999Ms: number;
  /** The longest garbage collection. */
  gcMs: number;
}

/** The program, told to say it. */
export function withLoopDelays({ kind, command: [node, ...rest] }: ServerProgram): ServerProgram {
  const monitor = new URL('loop-delay.mjs', import.meta.url).href;
  return { kind, command: [node, '--import', monitor, ...rest] };
}

/** What it said in a part of its log, one for each second. */
export function readLoopDelays(log: string): LoopDelay[] {
  return [...log.matchAll(/^loop-delay (.*)$/gm)].map(([, json]) => JSON.parse(json) as LoopDelay);
}
