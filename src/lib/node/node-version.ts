/** The first releases of each line that count the header fields by which they frame a body (CVE-2026-58044) and that do not give one client's answer to another (CVE-2026-48931). */
const FLOOR: Readonly<Record<number, readonly [number, number]>> = { 22: [23, 2], 24: [18, 1], 26: [5, 1] };

/** Reports whether the gate runs on this version of Node.js, written as in `process.version`: `v24.21.0`. */
export function isSupportedNode(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.replace(/^v/, '').split('.').map(Number);
  const floor = FLOOR[major];
  if (floor === undefined) return major > Math.max(...Object.keys(FLOOR).map(Number));
  return minor > floor[0] || (minor === floor[0] && patch >= floor[1]);
}

/** Returns the line for a program that was started on another version: which one it is, which is needed, and what to do. */
export function unsupportedNode(version: string): string {
  return (
    `this is Node.js ${version}, and registry-gate needs 22.23.2, 24.18.1 or 26.5.1, or a newer release of these lines. ` +
    'Install one and start it with that; in a checkout, npm ci brings one, and npm start and npm run -s gate -- COMMAND use it.'
  );
}
