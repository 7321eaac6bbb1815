import { Range, SemVer } from 'semver';

/** `1`, `v1.2`, `1.2.3-rc.1`: what is left out counts as 0. */
const VERSION = /^[vV]?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(-[0-9A-Za-z.-]+)?$/;
/** Longer ranges than anybody writes. */
const LONGEST_RANGE = 256;

/**
 * Compiles a range as npm has them (`^1.2`, `>=20 <23`, `1.x || 3.x`), or returns undefined if it is none. Tags with a
 * suffix (`1.2.3-rc.1`, `1.2.3-alpine`) count as versions before the release, which a range takes only if it names one
 * of the same release.
 */
export function compileVersionRange(text: string): ((tag: string) => boolean) | undefined {
  if (text.length > LONGEST_RANGE) return undefined;
  try {
    const range = new Range(text);
    return (tag) => {
      const [, major, minor = '0', patch = '0', suffix = ''] = VERSION.exec(tag) ?? [];
      return major !== undefined && isIn(range, `${[major, minor, patch].map(Number).join('.')}${suffix}`);
    };
  } catch {
    return undefined;
  }
}

/** A suffix such as `-01` or `-a..b` is none of a version. */
function isIn(range: Range, version: string): boolean {
  try {
    return range.test(new SemVer(version));
  } catch {
    return false;
  }
}
