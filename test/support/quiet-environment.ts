/** What a bundled server in this process needs, where nobody dials and nothing outside is changed. */
import type { Config } from '../../src/server/config.ts';
import type { ServerEnvironment } from '../../src/server/environment.ts';
import { Logger } from '../../src/server/log.ts';
import type { Clock } from '../../src/util/clock.ts';
import { seededRandom } from '../../src/util/random.ts';

export function quietEnvironment(options: {
  clock: Clock;
  config: Config;
  pid?: number;
  /** Takes the log's lines. */
  write?: (line: string) => void;
}): ServerEnvironment {
  const { clock, config, pid = 1, write = () => undefined } = options;
  return {
    clock,
    config,
    pid,
    random: seededRandom(1),
    log: new Logger({ clock, pid: 1, write }),
    connect: () => {
      throw new Error('nobody dials here');
    },
    defer: (fn) => void setImmediate(fn),
    changeDirectory: () => null,
    onFatal: () => undefined,
    onStopped: () => undefined,
  };
}
