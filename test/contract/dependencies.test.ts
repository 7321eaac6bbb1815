import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkRuntime } from '../../src/lib/node/runtime-check.ts';

const ROOT = resolve(import.meta.dirname, '../..');

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly dev?: boolean; readonly engines?: unknown }>
  >;
}

const lock: Lock = JSON.parse(readFileSync(resolve(ROOT, 'package-lock.json'), 'utf8'));
const manifest: {
  readonly engines?: unknown;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
} = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8'));

/** package -> the release that mended what is named. An older one anywhere in the tree is a hole. */
const FLOORS: readonly (readonly [name: string, floor: string, mended: string])[] = [
  [
    'http-proxy-middleware',
    '4.1.1',
    'routing by a part of Host, multipart injection (CVE-2026-55602, CVE-2026-55603)',
  ],
  ['httpxy', '0.5.5', 'request smuggling by chunked requests (GHSA-ggv3-7p47-pfv8)'],
  ['path-to-regexp', '8.4.0', 'ReDoS (CVE-2026-4926)'],
  ['qs', '6.14.2', 'memory (CVE-2026-2391)'],
  ['node-forge', '1.4.1', 'signatures of RSA (CVE-2026-85393)'],
];

function parts(version: string): readonly number[] {
  return version.split(/[.-]/).slice(0, 3).map(Number);
}

function isAtLeast(version: string, floor: string): boolean {
  const [wanted, found] = [parts(floor), parts(version)];
  const at = wanted.findIndex((part, index) => part !== found[index]);
  return at < 0 || (found[at] ?? 0) > (wanted[at] ?? 0);
}

function versionsOf(name: string): readonly string[] {
  return Object.entries(lock.packages)
    .filter(([path]) => path.endsWith(`node_modules/${name}`))
    .map(([, { version = '' }]) => version);
}

describe('dependencies', () => {
  it.each(FLOORS)('%s is at %s or above: %s', (name, floor) => {
    const versions = versionsOf(name);
    expect(versions).not.toEqual([]);
    expect(versions.filter((version) => !isAtLeast(version, floor))).toEqual([]);
  });

  it.each([
    ['8.4.0', '8.4.0', true],
    ['8.3.9', '8.4.0', false],
    ['10.0.0', '8.4.0', true],
    ['0.5.6', '0.5.5', true],
  ])('%s against %s: %s', (version, floor, good) => {
    expect(isAtLeast(version, floor)).toBe(good);
  });

  it('are pinned to one version each', () => {
    const all = { ...manifest.dependencies, ...manifest.devDependencies };
    expect(Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('bring no body parser and no WebSocket into the path of a request', () => {
    const present = Object.entries(lock.packages).filter(([, { dev }]) => dev !== true);
    expect(present.filter(([path]) => /node_modules\/(multer|busboy|formidable|ws)$/.test(path))).toEqual([]);
  });

  // A checkout runs on the Node.js that it brings, whatever npm itself runs on. npm warns by what stands in these two
  // files: delete the "engines" that `npm install` adds to the lock; prepack puts that of the package in.
  it('make npm print no warning about the version of Node.js', () => {
    const named = Object.entries(lock.packages).filter(([, { engines }]) => engines !== undefined);
    expect(named.map(([path]) => path)).toEqual([]);
    expect(manifest.engines).toBeUndefined();
  });

  it('are refused by npm for the same versions of Node.js as by the program', () => {
    const [, range] = /engines\.node=([^"]+)"/.exec(manifest.scripts['prepack'] ?? '') ?? [];
    const floors = (range ?? '').split(' || ').map((part) => part.replace(/^(?:\^|>=)/, ''));
    const accepted = (nodeVersion: string): boolean => {
      try {
        checkRuntime({ nodeVersion, execArgv: [], nodeOptions: '', rejectUnauthorized: undefined });
        return true;
      } catch {
        return false;
      }
    };
    const below = floors.map((floor) => floor.replace(/\d+$/, (patch) => `${Number(patch) - 1}`));
    expect(floors.length).toBeGreaterThan(1);
    expect(floors.filter((floor) => !accepted(`v${floor}`))).toEqual([]);
    expect(below.filter((version) => accepted(`v${version}`))).toEqual([]);
  });

  it('run one install script, that of the runtime', () => {
    expect(Object.entries(manifest.allowScripts).filter(([, allowed]) => allowed)).toEqual([['node', true]]);
  });
});
