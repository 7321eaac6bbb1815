import type { JsonObject } from '../model/json.ts';
import { foldRunConfig } from '../model/config-names.ts';
import type { ImageConfig } from '../model/config.ts';

/** What Docker 20.10 prints for a config that leaves a member out (moby: api/types/container/config.go), in its order. */
const DEFAULTS: JsonObject = {
  Hostname: '',
  Domainname: '',
  User: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  ExposedPorts: undefined,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: null,
  Cmd: null,
  Healthcheck: undefined,
  ArgsEscaped: undefined,
  Image: '',
  Volumes: null,
  WorkingDir: '',
  Entrypoint: null,
  NetworkDisabled: undefined,
  MacAddress: undefined,
  OnBuild: null,
  Labels: null,
  StopSignal: undefined,
  StopTimeout: undefined,
  Shell: undefined,
};
/** Members whose texts are sorted by their names, as Go prints maps. */
const MAPS = ['ExposedPorts', 'Volumes', 'Labels'];

/** Returns how containers start as Docker prints it. Members that Docker does not know are left out, as it does. */
export function dockerConfig(json: JsonObject): JsonObject {
  const folded = foldRunConfig(json);
  const entries = Object.entries(DEFAULTS).map(([name, usual]) => {
    const value = folded[name] ?? usual;
    return [name, isLeftOut(value, usual) ? undefined : MAPS.includes(name) ? sorted(value) : value];
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** Go leaves out what is empty where the member says `omitempty`. */
function isLeftOut(value: unknown, usual: unknown): boolean {
  if (usual !== undefined) return false;
  if (value === undefined || value === '' || value === false) return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The zero time of Go, which Docker prints for a moment that is unknown. */
export const UNKNOWN_MOMENT = '0001-01-01T00:00:00Z';

/** Go reads a fraction to the nanosecond. */
const MOST_DIGITS = 9;

/** Returns a moment as Go prints it: without zeros at the end of its fraction, and with `Z` for UTC. */
export function dockerMoment(text: string): string {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (parts === null) return UNKNOWN_MOMENT;
  const [, seconds = '', digits = '', zone = ''] = parts;
  const fraction = digits.slice(0, MOST_DIGITS).replace(/0+$/, '');
  return `${seconds}${fraction === '' ? '' : `.${fraction}`}${zone.replace(/^[+-]00:00$/, 'Z')}`;
}

/** Returns the comment of an image, or that of its last step, as Docker does. */
export function dockerComment({ json, history }: ImageConfig): string {
  const { comment } = json;
  return typeof comment === 'string' && comment !== '' ? comment : (history.at(-1)?.comment ?? '');
}
