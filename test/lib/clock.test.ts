import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { checkClock } from '../../src/lib/clock.ts';
import { AppError } from '../../src/lib/errors.ts';
import { recordingTerminal } from '../support/terminal.ts';

describe('a clock that was never set', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gate-clock-'));
    vi.useFakeTimers({ now: new Date('1970-01-01T00:03:00Z'), toFake: ['Date'] });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await rm(directory, { recursive: true, force: true });
  });

  it.each([
    'certs init --host registry.lan',
    'tokens create ci --repository a --allow pull',
    'tokens certificate',
    'up --listen 127.0.0.1:0',
  ])('keeps "%s" from making anything; when it is set, the command does', async (line) => {
    const terminal = recordingTerminal({ isTTY: true });
    const command = [...line.split(' '), '--certs', directory];
    expect(await run(command, terminal)).toBe(1);
    expect(terminal.stderr()).toMatch(
      /error\[CLOCK_WRONG\]: .*1970-01-01T00:03:00[^]*timedatectl set-ntp true/,
    );
    expect((await readdir(directory)).filter((file) => !file.startsWith('.'))).toEqual([]);
    if (line.startsWith('up')) return;
    vi.setSystemTime(new Date('2026-12-01T00:00:00Z'));
    expect(await run(command, recordingTerminal({ isTTY: true }))).toBe(0);
  });

  it('is judged by a day on which this program was there', () => {
    expect(() => checkClock(new Date('2025-12-31T23:59:59Z'))).toThrow(AppError);
    expect(() => checkClock(new Date('2026-01-01T00:00:00Z'))).not.toThrow();
    expect(readFileSync(join(import.meta.dirname, '../../src/lib/clock.ts'), 'utf8')).toContain('2026-01-01');
  });
});
