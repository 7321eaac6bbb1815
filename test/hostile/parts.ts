/** One of the attacks that `npm run test:hostile` makes. */
export interface Part {
  readonly name: string;
  readonly about: string;
  /** Test files, or folders of them. */
  readonly files: readonly string[];
  /** A regular expression: the tests whose names match. All without one. */
  readonly only?: string;
  /** What it cannot do without. What else is missing is skipped by the tests, by name. */
  readonly programs: readonly string[];
  /** It is ended after this time. */
  readonly minutes: number;
}

/** In the order in which they run: the quick ones first. */
export const PARTS: readonly Part[] = [
  {
    name: 'cases',
    about: 'requests of the tables: Http11Probe, framing, targets, headers, tokens, rights',
    files: ['test/security'],
    only: '^(?!.*(R8:|R69:|R105|R106|R102|R121|a flood of|a stranger who asks|parsers at the rim|parsers of files|R90: passwords))',
    programs: [],
    minutes: 6,
  },
  {
    name: 'parsers',
    about: 'every parser at the rim beside a judge of its own',
    files: ['test/security/fuzz-rim.test.ts', 'test/security/fuzz-files.test.ts'],
    programs: ['htpasswd'],
    minutes: 8,
  },
  {
    name: 'handshakes',
    about: 'odd TLS handshakes, and half ones left open',
    files: ['test/security/handshakes.heavy.test.ts'],
    programs: [],
    minutes: 5,
  },
  {
    name: 'scanners',
    about: 'sslscan and testssl',
    files: ['test/security/scanners.heavy.test.ts', 'test/security/tls.test.ts'],
    programs: ['sslscan', 'testssl', 'openssl'],
    minutes: 6,
  },
  {
    name: 'servers',
    about: 'what six servers behind the gate take for a request',
    files: ['test/security/server-combinations.heavy.test.ts'],
    programs: ['nginx', 'haproxy', 'apache2', 'caddy', 'docker-registry', 'python3'],
    minutes: 10,
  },
  {
    name: 'floods',
    about:
      'passwords from many networks, tokens with a hundred scopes, walks through the catalog, a Redis that lies',
    files: [
      'test/security/password-flood.heavy.test.ts',
      'test/security/token-memory.test.ts',
      'test/pipeline/shared-catalog.test.ts',
      'test/auth/abuse/redis-poison.test.ts',
    ],
    programs: ['redis-server'],
    minutes: 8,
  },
  {
    name: 'slow',
    about: 'slowhttptest in its four modes while layers are pulled',
    files: ['test/security/slow-clients.heavy.test.ts'],
    programs: ['slowhttptest'],
    minutes: 5,
  },
  {
    name: 'faults',
    about: 'clients, backends, disks and clocks that fail',
    files: ['test/faults'],
    programs: ['skopeo', 'docker-registry', 'strace'],
    minutes: 10,
  },
  {
    name: 'mutations',
    about: 'requests with bytes changed',
    files: ['test/security/mutation.heavy.test.ts'],
    programs: [],
    minutes: 15,
  },
  {
    name: 'answers',
    about: 'answers of a backend, valid and damaged, beside the parser of node',
    files: ['test/backend/proxy/answer-fuzz.heavy.test.ts'],
    programs: [],
    minutes: 10,
  },
  {
    name: 'manifests',
    about: 'manifests at every limit while the loop is watched, and odd ones beside docker-registry',
    files: ['test/backend/embedded/loop-turns.heavy.test.ts', 'test/e2e/embedded-manifests.heavy.test.ts'],
    programs: ['docker-registry'],
    minutes: 15,
  },
  {
    name: 'soak',
    about: 'a mix of requests with a reload every second',
    files: ['test/hostile/soak.heavy.test.ts'],
    programs: [],
    minutes: 20,
  },
];
