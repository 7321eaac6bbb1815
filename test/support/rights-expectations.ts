import { until, type Ran } from './programs.ts';
import type { RightsGate } from './rights-gate.ts';
import { verdictOf } from './rights-table.ts';

/** Tries something again and again until it ends as it should. */
export async function endsAs(action: () => Promise<Ran>, verdict: string): Promise<void> {
  let last = '';
  const ask = async (): Promise<true | undefined> => {
    last = verdictOf(await action());
    return last === verdict ? true : undefined;
  };
  await until(ask, () => `it went on as: ${last}`);
}

export interface Device {
  readonly id: string;
  readonly client: string;
  readonly address: string;
}

/** The device that somebody signed in with last. */
export async function newestDevice({ tokens }: RightsGate, user: string): Promise<Device> {
  const listed: (Device & { kind: string; name: string; created: string })[] = JSON.parse(
    await tokens('list', '--json'),
  );
  const devices = listed.filter(({ kind, name }) => kind === 'device' && name === user);
  const [newest] = devices.toSorted((a, b) => b.created.localeCompare(a.created));
  if (newest === undefined) throw new Error(`no device of ${user}: ${JSON.stringify(listed)}`);
  return newest;
}

/**
 * How layers came into a repository: `mount 201` from another one, or `upload 202`, without a word of any other. As the
 * registry behind the gate saw it; where it is inside, as the gate did. What is expected is waited for, since lines of a
 * log come later than answers; what came instead is told if it does not appear.
 */
export async function waysOf(
  fixture: RightsGate,
  repository: string,
  expected: readonly string[],
): Promise<readonly string[]> {
  const end = Date.now() + 10_000;
  const settled = (): readonly string[] | undefined => {
    const ways = waysSoFar(fixture, repository);
    return expected.every((way) => ways.includes(way)) || Date.now() > end ? ways : undefined;
  };
  return until(settled, () => `no way into ${repository} was seen`);
}

function waysSoFar({ registryLog, gate }: RightsGate, repository: string): readonly string[] {
  const ways =
    registryLog.length > 0
      ? registryLog.map((line) => wayBehind(line, repository))
      : gate().log.map((line) => wayInside(line, repository));
  return [...new Set(ways)].filter((way) => way !== undefined).sort();
}

function wayBehind(line: string, repository: string): string | undefined {
  const [, query, status] = /"POST \S+\/blobs\/uploads\/(\S*) HTTP\/1\.1" (\d+)/.exec(line) ?? [];
  if (query === undefined || !line.includes(`/v2/${repository}/blobs/`)) return undefined;
  return `${/[?&](?:mount|from)=/.test(query) ? 'mount' : 'upload'} ${status}`;
}

function wayInside(line: string, repository: string): string | undefined {
  const entry: Readonly<Record<string, unknown>> = JSON.parse(line);
  if (entry['method'] !== 'POST' || entry['repository'] !== repository) return undefined;
  return `${entry['mountFrom'] === undefined ? 'upload' : 'mount'} ${String(entry['status'])}`;
}
