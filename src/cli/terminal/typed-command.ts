import type { Invocation } from './invocation.ts';
import { shellWord } from '../../lib/shell-word.ts';

/** The flags of the command line that ran, without dashes: `certs` -> `['./certs']`. A boolean flag has no values. */
export type GivenFlags = ReadonlyMap<string, readonly string[]>;

const DIRECTORY = ['certs', 'config'];
/** The key of the CA, and what opens it. */
const KEY = ['ca-key', 'ca-passphrase-file', ...DIRECTORY];
const USERS = ['users', ...DIRECTORY];
const STATE = ['state', ...USERS];
const AUDIT = ['audit', 'config'];
/** How to reach a registry. */
const CONNECTION = ['user', 'auth-file', 'ca', 'plain-http'];
/**
 * The flags of the configuration, without those that hold a secret. A test compares them with the configuration, which every
 * command would have to load for them.
 */
export const OPTIONS: readonly string[] = [
  'listen',
  'redirect-listen',
  'backend',
  'backend-ca',
  'backend-user',
  'backend-host',
  'public-url',
  'certs',
  'ca-passphrase-file',
  'users',
  'state',
  'access',
  'pages',
  'cache',
  'cache-size',
  'workers',
  'log-format',
  'metrics',
  'trace-endpoint',
  'audit',
  'audit-chain',
];

/** Command -> the flags that select what it works on, which a hint may repeat. A test compares this table with the command tree. */
export const FLAGS_OF: Readonly<Record<string, readonly string[]>> = {
  'certs init': KEY,
  'certs renew': KEY,
  'certs status': DIRECTORY,
  'certs issue': KEY,
  'certs revoke': KEY,
  'certs rollover': KEY,
  'certs trust': DIRECTORY,
  'users add': USERS,
  'users passwd': USERS,
  'users remove': STATE,
  'users list': USERS,
  'users verify': USERS,
  'tokens create': STATE,
  'tokens list': STATE,
  'tokens revoke': STATE,
  'tokens certificate': STATE,
  'abuse list': STATE,
  'abuse unlock': STATE,
  'audit show': AUDIT,
  'audit verify': AUDIT,
  'access check': ['access', ...STATE],
  'config check': [...OPTIONS, 'config'],
  'config show': [...OPTIONS, 'config'],
  doctor: ['listen', 'backend', 'certs', 'users', 'state', 'access', 'config'],
  health: ['listen', 'config'],
  'images copy': [],
  'images save': [],
  'images load': [],
  'images list': CONNECTION,
  'images tags': CONNECTION,
  'images inspect': CONNECTION,
  'images history': CONNECTION,
  'images diff': CONNECTION,
  'images tag': CONNECTION,
  'images remove': CONNECTION,
  'images sync': CONNECTION,
  gc: ['data', 'backend', 'config'],
  completion: [],
  'images files': [],
  'images cat': [],
  serve: [...OPTIONS, 'config'],
  up: [...OPTIONS, 'data', 'host', 'config'],
};

const GROUPS = [...new Set(Object.keys(FLAGS_OF).map((name) => name.split(' ')[0] ?? name))];
const NAMES = [...Object.keys(FLAGS_OF), ...GROUPS, 'help', '--help'];
const COMMAND = new RegExp(
  String.raw`\bregistry-gate (${NAMES.join('|')})(?![\w-])((?: (?!\()[^\s,();]+)*)`,
  'g',
);
/** A URL with a user name or a password in it. */
const CREDENTIALS = /:\/\/[^/]*@/;
/** A hint with one of these flags keeps it, and gets no others. */
const NAMES_A_PLACE = / --(?:certs|users|state|data|audit|access|config)\b/;

/**
 * Replaces each command in a text by what to type here, with those of the given flags that it takes. The sources write
 * every command as `registry-gate COMMAND`.
 *
 *     asTyped('Renew it: registry-gate certs renew', 'npx registry-gate', invocation, new Map([['certs', ['./certs']]]))
 *     // 'Renew it: npx registry-gate certs renew --certs ./certs'
 */
export function asTyped(text: string, program: string, { onClient }: Invocation, given: GivenFlags): string {
  return text.replace(COMMAND, (_whole, name: string, rest: string) => {
    if (/ --(?:from|ca)\b/.test(rest)) return `${onClient} ${name}${rest}`;
    const flags = NAMES_A_PLACE.test(rest) ? [] : repeated(name, rest, given);
    return [program, name, ...flags].join(' ') + rest;
  });
}

/** The flags without those that an error is about, which its message names: `(--listen)`. */
export function withoutBlamed(given: GivenFlags, message: string): GivenFlags {
  return new Map([...given].filter(([flag]) => !message.includes(`(--${flag})`)));
}

function repeated(name: string, rest: string, given: GivenFlags): readonly string[] {
  const takes = FLAGS_OF[name] ?? [];
  return [...given].flatMap(([flag, values]) => {
    if (!takes.includes(flag) || rest.split(' ').includes(`--${flag}`)) return [];
    if (values.length === 0) return [`--${flag}`];
    return values.filter((value) => !CREDENTIALS.test(value)).map((value) => `--${flag} ${shellWord(value)}`);
  });
}
