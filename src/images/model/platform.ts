import { AppError } from '../../lib/errors.ts';

/** What a manifest of an index runs on (image-spec: "Image Index"). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
  readonly osVersion?: string | undefined;
}

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  x64: 'amd64',
  aarch64: 'arm64',
  i386: '386',
  i686: '386',
  ia32: '386',
  armhf: 'arm',
  armel: 'arm',
};
/** The variant that is meant where none is stated (containerd: platforms/database.go). */
const USUAL_VARIANT: Readonly<Record<string, string>> = { arm: 'v7', arm64: 'v8' };

/** Parses `linux/arm64/v8`, `linux/amd64`, or `arm64` for Linux. Throws AppError USAGE. */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  if (parts.some((part) => !/^[\w.-]+$/.test(part)) || parts.length > 3)
    throw new AppError('USAGE', {
      message: `${JSON.stringify(text)} is not a platform.`,
      hint: 'A platform is like linux/amd64 or linux/arm/v7.',
    });
  const [os = '', architecture = '', variant] = parts.length === 1 ? ['linux', ...parts] : parts;
  return { os, architecture: ARCHITECTURES[architecture] ?? architecture, variant };
}

/** Returns `linux/arm64/v8`. */
export function renderPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter((part) => part !== undefined && part !== '').join('/');
}

/** Whether an image of this platform is what was asked for; a variant counts only if both state one. */
export function matchesPlatform(asked: Platform, { os, architecture, variant }: Platform): boolean {
  if (asked.os !== os || asked.architecture !== architecture) return false;
  const usual = USUAL_VARIANT[architecture];
  const wanted = asked.variant ?? usual;
  const there = variant === undefined || variant === '' ? usual : variant;
  return asked.variant === undefined ? true : wanted === there;
}

/** Attestations of BuildKit stand in an index beside images, with this platform. */
export function isUnknownPlatform({ os, architecture }: Platform): boolean {
  return os === 'unknown' || architecture === 'unknown';
}
