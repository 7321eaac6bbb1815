import * as encodings from './encodings.ts';
import * as forms from './forms.ts';
import * as framing from './framing.ts';
import * as heads from './heads.ts';
import type { HostileCase } from './hostile-case.ts';
import { compliance, cookies, normalization } from './http11probe-compliance.ts';
import { malformed } from './http11probe-malformed.ts';
import { smuggling } from './http11probe-smuggling.ts';
import * as strictness from './parser-strictness.ts';
import * as targets from './targets.ts';

/** Every suite of hostile requests. */
export const ALL_SUITES: readonly (readonly HostileCase[])[] = [
  compliance,
  cookies,
  normalization,
  malformed,
  smuggling,
  ...Object.values(encodings),
  ...Object.values(forms),
  ...Object.values(framing),
  ...Object.values(heads),
  ...Object.values(strictness),
  ...Object.values(targets),
];

export const ALL_CASES: readonly HostileCase[] = ALL_SUITES.flat();
