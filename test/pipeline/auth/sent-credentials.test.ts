import { describe, expect, it } from 'vitest';
import { readCredentials } from '../../../src/pipeline/access-stages.ts';
import { basic } from '../../support/test-gate.ts';

const ALICE = basic('alice', 'one');

function passwordOf(header: string, connection: object): string | undefined {
  const parsed = readCredentials(header, connection);
  return parsed.kind === 'credentials' ? parsed.credentials.password.reveal() : undefined;
}

describe('the credentials of a connection', () => {
  it('are one value as long as the header stays the same', () => {
    const connection = {};
    expect(readCredentials(ALICE, connection)).toBe(readCredentials(ALICE, connection));
  });

  it('are another value on another connection', () => {
    expect(readCredentials(ALICE, {})).not.toBe(readCredentials(ALICE, {}));
  });

  it('are not kept where no password can be so long', () => {
    const connection = {};
    const long = basic('alice', 'x'.repeat(2000));
    expect(readCredentials(long, connection)).not.toBe(readCredentials(long, connection));
    const longest = basic('n'.repeat(255), 'x'.repeat(1024));
    expect(readCredentials(longest, connection)).toBe(readCredentials(longest, connection));
  });

  it('change with the header, there and back', () => {
    const connection = {};
    const headers = [ALICE, basic('alice', 'two'), ALICE, 'Basic !', basic('alice', 'one!'), ALICE];
    expect(headers.map((header) => passwordOf(header, connection))).toEqual([
      'one',
      'two',
      'one',
      undefined,
      'one!',
      'one',
    ]);
  });
});
