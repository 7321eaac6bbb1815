import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/lib/errors.ts';
import { checkRuntime, type Runtime } from '../../../src/lib/node/runtime-check.ts';

const GOOD: Runtime = {
  nodeVersion: 'v24.18.1',
  execArgv: [],
  nodeOptions: '',
  rejectUnauthorized: undefined,
};

function verdict(change: Partial<Runtime>): string {
  try {
    checkRuntime({ ...GOOD, ...change });
    return 'fine';
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}

const VERSIONS: Readonly<Record<string, 'fine' | 'NODE_UNSUPPORTED'>> = {
  'v18.20.8': 'NODE_UNSUPPORTED',
  'v20.20.2': 'NODE_UNSUPPORTED',
  'v22.23.1': 'NODE_UNSUPPORTED',
  'v22.22.9': 'NODE_UNSUPPORTED',
  'v22.23.2': 'fine',
  'v22.24.0': 'fine',
  'v23.11.1': 'NODE_UNSUPPORTED',
  'v24.18.0': 'NODE_UNSUPPORTED',
  'v24.9.9': 'NODE_UNSUPPORTED',
  'v24.18.1': 'fine',
  'v24.21.0': 'fine',
  'v25.9.0': 'NODE_UNSUPPORTED',
  'v26.5.0': 'NODE_UNSUPPORTED',
  'v26.5.1': 'fine',
  'v27.0.0': 'fine',
  'v28.1.0-pre': 'fine',
  nonsense: 'NODE_UNSUPPORTED',
};

describe('the version of Node.js', () => {
  for (const [nodeVersion, expected] of Object.entries(VERSIONS)) {
    it(`${nodeVersion}: ${expected}`, () => expect(verdict({ nodeVersion })).toBe(expected));
  }
});

const SETTINGS: readonly (readonly [string, Partial<Runtime>, 'fine' | 'NODE_UNSUPPORTED'])[] = [
  ['none', {}, 'fine'],
  ['a lenient parser', { execArgv: ['--insecure-http-parser'] }, 'NODE_UNSUPPORTED'],
  [
    'a lenient parser by environment',
    { nodeOptions: '--max-old-space-size=100 --insecure-http-parser' },
    'NODE_UNSUPPORTED',
  ],
  ['TLS 1.0', { execArgv: ['--tls-min-v1.0'] }, 'NODE_UNSUPPORTED'],
  ['TLS 1.1 by environment', { nodeOptions: '--tls-min-v1.1' }, 'NODE_UNSUPPORTED'],
  ['a security fix taken back', { execArgv: ['--security-revert=CVE-2023-46809'] }, 'NODE_UNSUPPORTED'],
  ['no verification', { rejectUnauthorized: '0' }, 'NODE_UNSUPPORTED'],
  ['verification by name', { rejectUnauthorized: '1' }, 'fine'],
  ['a larger heap', { nodeOptions: '--max-old-space-size=100' }, 'fine'],
  ['a flag that only begins alike', { execArgv: ['--insecure-http-parser-not'] }, 'fine'],
];

describe('settings of Node.js', () => {
  for (const [name, change, expected] of SETTINGS) {
    it(`${name}: ${expected}`, () => expect(verdict(change)).toBe(expected));
  }
});
