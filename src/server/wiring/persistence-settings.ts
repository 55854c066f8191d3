/** The configuration as persistence reads it: live values under the names of its parts. */
import { type Config, pathOf } from '../config.ts';
import type { AofSettings } from '../persistence/aof-ports.ts';
import type { LoadingSettings } from '../persistence/loading.ts';
import type { PersistenceSettings } from '../persistence/persistence.ts';

export function persistenceSettings(config: Config): PersistenceSettings {
  const { values } = config;
  return {
    get dir() {
      return pathOf(values.dir);
    },
    get dbfilename() {
      return pathOf(values.dbfilename);
    },
    get rdbcompression() {
      return values.rdbcompression;
    },
    get rdbchecksum() {
      return values.rdbchecksum;
    },
    get rdbKeySaveDelayUs() {
      return values.rdbKeySaveDelay;
    },
    get save() {
      return values.save;
    },
  };
}

export function loadingSettings({ values }: Config): LoadingSettings {
  return {
    get keyLoadDelayUs() {
      return values.keyLoadDelay;
    },
    get loadingProcessEventsIntervalBytes() {
      return values.loadingProcessEventsIntervalBytes;
    },
  };
}

/** The values as they are, but for those that name files: they are bytes. */
export function aofSettings({ values }: Config): AofSettings {
  return Object.create(values, {
    dir: { get: () => pathOf(values.dir) },
    appendfilename: { get: () => pathOf(values.appendfilename) },
    appenddirname: { get: () => pathOf(values.appenddirname) },
  }) as AofSettings;
}
