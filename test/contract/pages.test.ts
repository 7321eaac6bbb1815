import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { headingsOf, linksOf, userPages } from '../support/pages.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const manifest: { readonly files: readonly string[]; readonly version: string } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
);

/** What npm puts into every package, whatever `files` says. */
const ALWAYS = ['package.json', 'README.md', 'LICENSE'];

function isPacked(path: string): boolean {
  return [...ALWAYS, ...manifest.files].some((entry) => path === entry || path.startsWith(`${entry}/`));
}

describe('the pages', () => {
  it.each(userPages())('%s links to what is there', (page) => {
    const broken = linksOf(page).filter(({ path, anchor }) => {
      if (!existsSync(join(ROOT, path))) return true;
      if (anchor === undefined) return false;
      return !headingsOf(path).some((heading) => heading.anchor === anchor);
    });
    expect(broken).toEqual([]);
  });

  it('link to nothing that the package leaves out', () => {
    const packed = userPages().filter(isPacked);
    expect(packed).toContain('docs/install.md');
    const links = packed.flatMap(linksOf);
    expect(links.length).toBeGreaterThan(100);
    expect(links.filter(({ path }) => !isPacked(path))).toEqual([]);
  });

  it('are all in the index', () => {
    const indexed = linksOf('docs/README.md').map(({ path }) => path);
    const files = readdirSync(join(ROOT, 'docs')).filter(
      (name) => name.endsWith('.md') && name !== 'README.md',
    );
    expect(files.filter((name) => !indexed.includes(join('docs', name)))).toEqual([]);
  });

  it('name the package of this version', () => {
    const named = userPages().flatMap((page) =>
      [...readFileSync(join(ROOT, page), 'utf8').matchAll(/registry-gate-(\d+\.\d+\.\d+)\.tgz/g)].map(
        ([, version]) => version,
      ),
    );
    expect(new Set(named)).toEqual(new Set([manifest.version]));
  });
});
