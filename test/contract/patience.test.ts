import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PATIENCE_MS } from '../support/patience.ts';

const TESTS = resolve(import.meta.dirname, '..');

/** Where a wait of a test ends by the clock. */
const DEADLINES: readonly RegExp[] = [
  // The third argument of a test or of a hook.
  /^ *\}, (\d[\d_]{3,})\);$/gm,
  /^ *\},\n +(\d[\d_]{3,}),\n *\);$/gm,
  // The deadline of `until`, after its complaint.
  /\(\) => (?:`[^`\n]*`|'[^'\n]*'),\s+(\d[\d_]{3,}),?\s*\);/g,
  /\bdeadlineMs: (\d[\d_]{3,})/g,
  /\.poll\([^;]*\{ timeout: (\d[\d_]{3,}) \}/g,
];

/** A call that looks like one, and whose number is a time of the test's own clock. */
const OTHERS = ['audit/acts.test.ts'];

function shortDeadlines(path: string): readonly string[] {
  const text = readFileSync(join(TESTS, path), 'utf8');
  return DEADLINES.flatMap((form) => [...text.matchAll(form)])
    .filter(([, number = '']) => Number(number.replaceAll('_', '')) < PATIENCE_MS)
    .map(([words]) => `${path}: ${words.replaceAll(/\s+/g, ' ').trim()}`);
}

describe('what tests wait for', () => {
  it('has minutes to come, on a machine under load', () => {
    const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    expect(files.length).toBeGreaterThan(200);
    // Leave the number out: the default of all of these is generous.
    expect(files.filter((path) => !OTHERS.includes(path)).flatMap(shortDeadlines)).toEqual([]);
  });
});

describe('what tests start', () => {
  it('is started by test/support/processes.ts alone, which ends it', () => {
    const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    const starting = files.filter((path) => {
      const imported = /^import \{([^}]*)\} from 'node:child_process';$/m.exec(
        readFileSync(join(TESTS, path), 'utf8'),
      );
      return /\b(?:spawn|fork|exec)\b/.test(imported?.[1] ?? '');
    });
    expect(starting.toSorted()).toEqual([
      // The tests of the attacks at full size: runs vitest, which has the same guard.
      'hostile/main.ts',
      'support/global-setup.ts',
      'support/processes.ts',
    ]);
  });
});
