const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** The syntax of a size, also for the JSON Schema. */
export const BYTE_SIZE_PATTERN = /^(\d+) ?(|B|[kK]B|[MGT]B|[KMGT]iB)$/;

/** Bytes from `4194304`, `4MiB` (1024-based) or `4MB` (1000-based); undefined for anything else. */
export function parseByteSize(text: string): number | undefined {
  const [, digits, unit] = BYTE_SIZE_PATTERN.exec(text) ?? [];
  const factor = unit === undefined ? undefined : UNITS[unit];
  if (digits === undefined || factor === undefined) return undefined;
  const bytes = Number(digits) * factor;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
