import { relative, resolve } from 'node:path';
import { afterAll, expect } from 'vitest';
import { MARK, killStarted, killStartedAtExit, runningHere } from './processes.ts';
import { PATIENCE_MS } from './patience.ts';

// Loaded before each test file: what the file starts does not outlive it, however the file ends.

const ROOT = resolve(import.meta.dirname, '../..');

const file = relative(ROOT, expect.getState().testPath ?? '');
process.env[MARK] = `${process.env[MARK] ?? 'alone'} ${file}`;

// vitest ends its workers by SIGTERM, also those that are through.
killStartedAtExit();

// The first one that is registered runs last.
afterAll(async () => {
  // What a test has asked to end may take a while.
  const end = Date.now() + Number(process.env['GATE_TEST_GRACE_MS'] ?? 60_000);
  while (runningHere().length > 0 && Date.now() < end) await new Promise((done) => setTimeout(done, 50));
  const left = runningHere();
  killStarted();
  if (left.length > 0) {
    const names = left.map(({ pid, command }) => `  ${pid} ${command}`);
    throw new Error(`${file} leaves running what it has started:\n${names.join('\n')}`);
  }
}, 2 * PATIENCE_MS);
