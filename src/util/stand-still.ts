/** Stops this thread, and with it the event loop: for DEBUG, where that is what is asked for. */
export function standStill(ms: number): void {
  if (ms > 0) Atomics.wait(nobodyWakesIt, 0, 0, ms);
}

const nobodyWakesIt = new Int32Array(new SharedArrayBuffer(4));
