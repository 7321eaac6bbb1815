import { readFile, readdir } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { readingOf, type Reading } from './table.ts';

interface ProcessWatch {
  readings(): Promise<Reading[]>;
  close(): void;
}

const PERCENTILES = [50, 99, 100] as const;
/** How often the event loop is sampled, in milliseconds. */
const RESOLUTION_MS = 20;

/** Measures the process: its event loop, memory, processor time and descriptors. */
export function watchProcess(version: string): ProcessWatch {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const startedAt = performance.timeOrigin / 1000;

  const delays = (): Reading => {
    // The monitor measures the time between samples; the resolution itself is not a delay.
    const samples = PERCENTILES.map((percent) => ({
      labels: { percentile: String(percent) },
      value: Math.max(0, (Number(delay.percentile(percent)) || 0) / 1e9 - RESOLUTION_MS / 1000),
    }));
    delay.reset();
    return { name: 'registry_gate_event_loop_delay_seconds', samples };
  };

  return {
    readings: async () => {
      const { user, system } = process.cpuUsage();
      return [
        delays(),
        readingOf('process_cpu_seconds_total', (user + system) / 1e6),
        readingOf('process_resident_memory_bytes', process.memoryUsage.rss()),
        readingOf('process_start_time_seconds', startedAt),
        {
          name: 'registry_gate_build_info',
          samples: [{ labels: { version, node: process.versions.node }, value: 1 }],
        },
        ...(await descriptors()),
      ];
    },
    close: () => void delay.disable(),
  };
}

/** Reads the descriptors of the process on Linux; elsewhere there are none. */
async function descriptors(): Promise<Reading[]> {
  try {
    const [open, limits] = await Promise.all([
      readdir('/proc/self/fd'),
      readFile('/proc/self/limits', 'utf8'),
    ]);
    const most = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return [
      readingOf('process_open_fds', open.length),
      ...(most === undefined ? [] : [readingOf('process_max_fds', Number(most))]),
    ];
  } catch {
    return [];
  }
}
