import { randomInt } from 'node:crypto';
import { must, run } from './programs.ts';

export interface Namespace {
  readonly name: string;
  /** Address of our end of the cable: what a gate listens on so that the other machine can reach it. */
  readonly outside: string;
  /** Address of the other end: the machine inside. */
  readonly inside: string;
  /** The words that, put before a command, run it inside. The cgroups stay visible, which `ip netns exec` hides. */
  readonly enter: readonly string[];
  close(): Promise<void>;
}

/**
 * Another machine, as far as the network goes: a network namespace with a cable to ours. The addresses are of the
 * range for benchmarks (RFC 2544), which nobody routes and which Docker does not excuse from certificates.
 */
export async function createNamespace(): Promise<Namespace> {
  const id = randomInt(0x1_0000, 0x10_0000).toString(36);
  const name = `gate-${id}`;
  const cable = `198.${randomInt(18, 20)}.${randomInt(1, 255)}.`;
  const base = randomInt(0, 63) * 4;
  const [outside, inside] = [`${cable}${base + 1}`, `${cable}${base + 2}`];
  const close = async (): Promise<void> => {
    await run('ip', ['link', 'delete', `veth${id}`]);
    await run('ip', ['netns', 'delete', name]);
  };
  try {
    await must('ip', ['netns', 'add', name]);
    await must('ip', ['link', 'add', `veth${id}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
    await must('ip', ['address', 'add', `${outside}/30`, 'dev', `veth${id}`]);
    await must('ip', ['link', 'set', `veth${id}`, 'up']);
    await must('ip', ['-n', name, 'address', 'add', `${inside}/30`, 'dev', 'eth0']);
    await must('ip', ['-n', name, 'link', 'set', 'eth0', 'up']);
    await must('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
    await must('ip', ['-n', name, 'route', 'add', 'default', 'via', outside]);
  } catch (error) {
    await close();
    throw error;
  }
  return { name, outside, inside, enter: ['nsenter', `--net=/var/run/netns/${name}`], close };
}
