import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { watchDistrust } from '../../../src/pipeline/auth/distrusting-clients.ts';
import { startBus } from '../../cluster/bus-fixture.ts';

const UNKNOWN_CA = 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA';
const BAD = 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE';
const DAY = 24 * 60 * 60_000;

interface Line {
  readonly address: string;
  readonly error: string;
  readonly message: string;
}

function open(size = 1) {
  const lines: Line[] = [];
  const nothing = (): void => undefined;
  const warn = (fields: object, message: string): void =>
    void lines.push({ ...(fields as Omit<Line, 'message'>), message });
  const clock = { now: 0 };
  const logger = { info: nothing, warn, error: nothing, debug: nothing };
  const watches = startBus(size).buses.map((bus) => watchDistrust({ logger, now: () => clock.now, bus }));
  /** Some seconds later, when the other workers have heard of it. */
  const note = async (address: string, alert = UNKNOWN_CA, worker = 0): Promise<void> => {
    clock.now += 6000;
    watches[worker]?.(address, alert);
    for (let step = 0; step < 10; step += 1) await turn();
  };
  return { lines, clock, note, burst: (address: string) => watches[0]?.(address, BAD) };
}

describe('a client that does not accept the certificate', () => {
  it('is named in the log with the command that cures it, once a day', async () => {
    const { lines, clock, note } = open();
    for (let time = 0; time < 3; time += 1) await note('10.0.0.7');
    expect(lines).toEqual([
      {
        address: '10.0.0.7',
        error: UNKNOWN_CA,
        message:
          'a client does not trust the CA of this certificate. On that client, to find out which and what cures it: registry-gate doctor HOST',
      },
    ]);
    clock.now += DAY;
    await note('10.0.0.7');
    expect(lines).toHaveLength(2);
  });

  it('is told of its name too where the alert may mean that', async () => {
    const { lines, note } = open();
    await note('10.0.0.7', BAD);
    expect(lines[0]?.message).toMatch(
      /^a client does not accept .*calls the gate by a name.*registry-gate doctor HOST$/,
    );
  });

  it('is one for all workers, and by its /64', async () => {
    const { lines, note } = open(2);
    await note('fd00::1', UNKNOWN_CA, 0);
    await note('fd00::2', UNKNOWN_CA, 1);
    await note('::ffff:10.0.0.7', UNKNOWN_CA, 1);
    await note('10.0.0.7', UNKNOWN_CA, 0);
    expect(lines.map(({ address }) => address)).toEqual(['fd00::1', '10.0.0.7']);
  });

  it('writes no more than a line in five seconds, however many there are', async () => {
    const { lines, note, burst } = open();
    for (let host = 1; host < 255; host += 1) burst(`10.0.0.${host}`);
    expect(lines).toHaveLength(1);
    await note('10.0.0.200');
    expect(lines).toHaveLength(2);
  });
});
