/** INFO server and INFO cpu: the process, the machine, the version. */
import { arch, release, type as osType } from 'node:os';
import type { ServerContext } from '../context.ts';
import type { InfoFields } from '../../protocol/info.ts';

const secondsPerDay = 24 * 60 * 60;
/** The cron ticks ten times a second, whatever the directive says. */
const hz = 10;

export function serverFields(server: ServerContext): InfoFields {
  const nowMs = server.clock.now();
  const uptimeSec = Math.floor((nowMs - server.startedAtMs) / 1000);
  const { values, configFile } = server.config;
  return [
    ['redis_version', server.version],
    ['redis_git_sha1', '00000000'],
    ['redis_git_dirty', 0],
    ['redis_build_id', 0],
    ['redis_mode', 'standalone'],
    ['os', `${osType()} ${release()} ${machineNames[arch()] ?? arch()}`],
    ['arch_bits', bitsOf(arch())],
    ['monotonic_clock', 'POSIX clock_gettime'],
    ['multiplexing_api', process.platform === 'linux' ? 'epoll' : 'libuv'],
    ['atomicvar_api', 'none'],
    ['gcc_version', '0.0.0'],
    ['process_id', process.pid],
    ['process_supervised', 'no'],
    ['run_id', server.runId],
    ['tcp_port', values.port],
    ['server_time_usec', nowMs * 1000],
    ['uptime_in_seconds', uptimeSec],
    ['uptime_in_days', Math.floor(uptimeSec / secondsPerDay)],
    ['hz', hz],
    ['configured_hz', values.hz],
    ['lru_clock', server.keyspace.accessClock],
    ['executable', process.argv[1] ?? process.execPath],
    ['config_file', configFile ?? ''],
    ['io_threads_active', 0],
    ...(server.shutdownRemainingMs() === 0
      ? []
      : ([['shutdown_in_milliseconds', server.shutdownRemainingMs()]] as const)),
    // Beyond Redis: how to tell this server from a real one.
    ['server_name', 'redis-repl'],
    ['node_version', process.version],
  ];
}

/** As `uname -m` has them. */
const machineNames: Partial<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

function bitsOf(architecture: string): number {
  return /64|s390x/.test(architecture) ? 64 : 32;
}

export function cpuFields(): InfoFields {
  const { system, user } = process.cpuUsage();
  return [
    ['used_cpu_sys', seconds(system)],
    ['used_cpu_user', seconds(user)],
    ['used_cpu_sys_children', seconds(0)],
    ['used_cpu_user_children', seconds(0)],
  ];
}

function seconds(micros: number): string {
  return (micros / 1e6).toFixed(6);
}
