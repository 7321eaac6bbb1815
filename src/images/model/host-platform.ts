import { arch, endianness } from 'node:os';
import { parsePlatform, type Platform } from './platform.ts';

/** Returns the platform of the containers that run on this machine. They are Linux's, whatever runs this program. */
export function hostPlatform(): Platform {
  const name = arch();
  return parsePlatform(name === 'ppc64' && endianness() === 'LE' ? 'ppc64le' : name);
}
