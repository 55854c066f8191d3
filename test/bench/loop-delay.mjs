// Loaded into the bundled server by loop-delays.ts (`node --import`): says every second on stderr
// how long the event loop was held up at most, and which of it was garbage collection.
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let gcMs = 0;
const observer = new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) gcMs = Math.max(gcMs, duration);
});
observer.observe({ entryTypes: ['gc'] });

setInterval(() => {
  const report = { maxMs: delay.max / 1e6, p999Ms: delay.percentile(99.9) / 1e6, gcMs };
  process.stderr.write(`loop-delay ${JSON.stringify(report)}\n`);
  delay.reset();
  gcMs = 0;
}, 1000).unref();
