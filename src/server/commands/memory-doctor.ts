/** MEMORY DOCTOR: what in the figures of the memory is out of the ordinary, in words. */
import type { ServerContext } from '../context.ts';
import { human } from '../info/memory.ts';
import { usedMemory } from '../memory-use.ts';

/** Below this nothing can be said: the process itself outweighs the data. */
const leastBytes = 5 * 1024 * 1024;
/** Used to be larger than now by this factor: most of it will not come back at once. */
const peakFactor = 1.5;
/** Node's own share is left out before the rest is compared with what is used. */
const processBytes = 100 * 1024 * 1024;
const rssFactor = 1.5;
/** Bytes per client that only a queue of output or a request in the making explains. */
const clientBytes = 200 * 1024;

export function diagnoseMemory(server: ServerContext): string {
  const used = usedMemory(server);
  if (used.total < leastBytes) return 'There is so little data that nothing can be said of it.\n';
  const peak = server.infoSampler.peakMemory(used.total);
  const { rss } = process.memoryUsage();
  const clients = Math.max(1, server.clients.count);
  const findings: string[] = [];
  if (peak > used.total * peakFactor) {
    findings.push(
      `At its peak ${human(peak)} were in use, now ${human(used.total)} are. The process may keep ` +
        'memory that it needed then; a restart gives it back.',
    );
  }
  if (rss - processBytes > used.total * rssFactor) {
    findings.push(
      `The process takes ${human(rss)} for ${human(used.total)} in use: garbage that is not collected ` +
        'yet, or memory in pieces. It shrinks as memory gets short.',
    );
  }
  if (used.normalClients / clients > clientBytes) {
    findings.push(
      `Clients hold ${human(used.normalClients)} in requests and unread replies: CLIENT LIST shows ` +
        'which (tot-mem), client-output-buffer-limit and maxmemory-clients hold them back.',
    );
  }
  if (findings.length === 0) return 'Nothing is wrong with the memory, as far as can be seen.\n';
  return findings.map((finding) => `- ${finding}\n`).join('');
}
