import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeSlices, type Slices } from '../../bench/processor-slice.ts';
import { temporaryFolder } from '../support/programs.ts';

const QUARTER = 0.25;
const GONE = 'registry-gate-bench-4194305';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slices: Slices | string | undefined;

beforeEach(async () => (folder = await temporaryFolder('slices')));
afterEach(async () => {
  if (typeof slices === 'object') slices.close();
  slices = undefined;
  await folder.close();
});

/** A folder as Linux would show it, handing down what is named. */
function version2(handedDown: string): string {
  writeFileSync(join(folder.path, 'cgroup.subtree_control'), `${handedDown}\n`);
  return `cgroup2 ${folder.path} cgroup2 rw,nosuid 0 0\n`;
}

function made(): string {
  const [name = ''] = readdirSync(folder.path).filter((one) => one.startsWith('registry-gate-bench-'));
  return join(folder.path, name);
}

describe('makeSlices', () => {
  it.each([
    {
      what: 'version 1',
      mounts: () => `cgroup ${folder.path} cgroup rw,relatime,cpu,cpuacct 0 0\n`,
      written: { 'cpu.cfs_period_us': '20000', 'cpu.cfs_quota_us': '5000' },
      lifted: { 'cpu.cfs_quota_us': '-1' },
    },
    {
      what: 'version 2',
      mounts: () => version2('cpuset cpu memory'),
      written: { 'cpu.max': '5000 20000' },
      lifted: { 'cpu.max': 'max 20000' },
    },
  ])('limits a process by $what', ({ mounts, written, lifted }) => {
    slices = makeSlices(QUARTER, mounts());
    if (typeof slices === 'string') throw new Error(slices);
    const slice = slices.open('one');
    slice.add(123);
    const expectWritten = (files: Readonly<Record<string, string>>): void => {
      for (const [name, text] of Object.entries(files))
        expect(readFileSync(join(made(), 'one', name), 'utf8')).toBe(text);
    };
    expectWritten({ ...written, 'cgroup.procs': '123' });
    slice.lift();
    expectWritten(lifted);
  });

  it.each([
    { what: 'nothing is mounted', mounts: () => '' },
    { what: 'version 1 is mounted for memory', mounts: () => 'cgroup /nowhere cgroup rw,memory 0 0\n' },
    { what: 'version 2 hands no processor time down', mounts: () => version2('memory cpuset') },
  ])('says what is missing where $what', ({ mounts }) => {
    expect(makeSlices(QUARTER, mounts())).toContain('cpu controller');
  });

  it('says so where no group can be made', () => {
    writeFileSync(join(folder.path, `registry-gate-bench-${process.pid}`), '');
    expect(makeSlices(QUARTER, version2('cpu'))).toContain('no control group can be made');
  });

  it('removes what a process that is gone has left', () => {
    mkdirSync(join(folder.path, GONE, 'one'), { recursive: true });
    slices = makeSlices(QUARTER, version2('cpu'));
    expect(readdirSync(folder.path)).not.toContain(GONE);
  });

  it('tells in what share of the periods somebody was held back, since it was asked last', () => {
    slices = makeSlices(QUARTER, version2('cpu'));
    if (typeof slices === 'string') throw new Error(slices);
    const slice = slices.open('one');
    const note = (periods: number, throttled: number): void =>
      writeFileSync(join(made(), 'one', 'cpu.stat'), `nr_periods ${periods}\nnr_throttled ${throttled}\n`);
    note(10, 5);
    expect(slice.throttled()).toBe(0.5);
    note(20, 14);
    expect(slice.throttled()).toBe(0.9);
  });
});
