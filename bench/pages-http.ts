import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { makeCerts, PASSWORD, startGate, USER, type GateProcess } from '../test/support/gate-process.ts';
import { PageClient } from '../test/support/page-client.ts';
import { temporaryFolder } from '../test/support/programs.ts';
import { startRegistry } from '../test/support/registry.ts';
import { LargeRegistry, type Wanted } from './pages-registry.ts';
import { printTable } from './report.ts';

/** Sees a third of the repositories. */
const OTHER = 'bob';

const ACCESS = `owners: ${USER}
rules:
  - { who: ${USER}, repositories: "**", allow: [pull, push, delete] }
  - { who: ${OTHER}, repositories: ["team-1*/**"], allow: pull }
`;

interface Page {
  readonly name: string;
  readonly path: string;
  readonly user?: string;
}

const IMAGE = '/r/large/app/-';
const PAGES: readonly Page[] = [
  { name: 'list of folders', path: '/' },
  { name: 'folder', path: '/?folder=team-7' },
  { name: 'folder by size', path: '/?folder=team-7&sort=-size' },
  { name: 'search', path: '/?search=77' },
  { name: 'list, a third may be seen', path: '/', user: OTHER },
  { name: 'search, a third may be seen', path: '/?search=77', user: OTHER },
  { name: 'repository of 3 tags', path: '/r/team-7/service-7' },
  { name: 'repository of 5,000 tags', path: '/r/large/app' },
  { name: 'the same by size', path: '/r/large/app?sort=-size' },
  { name: 'the same, searched', path: '/r/large/app?search=77' },
  { name: 'image of 100 layers', path: `${IMAGE}/image/1.0.0` },
  { name: 'two of them compared', path: `${IMAGE}/compare?a=1.0.0&b=1.1.0` },
  { name: 'files of one', path: `${IMAGE}/files/1.0.0?path=/srv` },
  { name: 'space', path: '/space' },
  { name: 'space, a third may be seen', path: '/space', user: OTHER },
  { name: 'space of 5,000 tags', path: '/space?repository=large/app' },
  { name: 'account', path: '/account' },
  { name: 'activity', path: '/activity' },
  { name: 'health', path: '/health' },
  { name: 'users', path: '/users' },
  { name: 'rights', path: '/users?view=rights' },
  { name: 'connect', path: '/connect' },
];

/** An answer as a browser sees it. */
interface Timed {
  /** Milliseconds until its head is there, and until all of it is. */
  readonly first: number;
  readonly whole: number;
  /** As it came over the wire, compressed. */
  readonly bytes: number;
}

/** One browser for each user, each with one connection. */
class Browsers {
  readonly #port: number;
  readonly #ca: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #cookies = new Map<string, string>();

  constructor({ name }: GateProcess, ca: string) {
    this.#port = Number(name.split(':')[1]);
    this.#ca = ca;
  }

  async signIn(user: string): Promise<void> {
    const client = new PageClient({ port: this.#port, ca: this.#ca });
    await client.signIn(user, PASSWORD);
    this.#cookies.set(user, [...client.cookies].map((pair) => pair.join('=')).join('; '));
  }

  get({ path, user = USER }: Page): Promise<Timed> {
    const place = { host: '127.0.0.1', servername: 'localhost', port: this.#port, ca: this.#ca };
    const headers = {
      cookie: this.#cookies.get(user) ?? '',
      'sec-fetch-site': 'same-origin',
      'accept-encoding': 'gzip',
    };
    const began = performance.now();
    return new Promise((resolve, reject) => {
      request({ ...place, agent: this.#agent, path, headers }, (answer) => {
        const first = performance.now() - began;
        let bytes = 0;
        answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve({ first, whole: performance.now() - began, bytes });
          else reject(new Error(`${path}: ${answer.statusCode}`));
        });
      })
        .on('error', reject)
        .end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

interface Place {
  readonly name: string;
  /** As the gate is told of it. */
  readonly backend: string;
  readonly folder: string;
  readonly ca: string;
}

/** Makes the registry, and measures all pages with the gate before each kind of registry. */
export async function askPages(wanted: Wanted, rounds: number, behind: string): Promise<void> {
  const folder = await temporaryFolder('bench-pages-http');
  try {
    const large = await LargeRegistry.plan(wanted);
    const data = join(folder.path, 'data');
    timed('the registry was written', () => large.write(data));
    const certs = join(folder.path, 'certs');
    await makeCerts(certs, ['127.0.0.1', 'localhost']);
    const users = join(certs, 'htpasswd');
    const line = readFileSync(users, 'utf8');
    writeFileSync(users, `${line}${line.replace(USER, OTHER)}`);
    writeFileSync(join(folder.path, 'access.yml'), ACCESS);
    const ca = readFileSync(join(certs, 'ca.crt'), 'utf8');
    const place = { folder: folder.path, ca };
    if (behind !== 'docker-registry') {
      const backend = `embedded:${data}`;
      await measure({ ...place, name: 'embedded', backend }, large, rounds);
    }
    if (behind === 'embedded') return;
    const registry = await startRegistry(data);
    try {
      await measure({ ...place, name: 'docker-registry', backend: registry.url }, large, rounds);
    } finally {
      await registry.close();
    }
  } finally {
    await folder.close();
  }
}

async function measure(place: Place, large: LargeRegistry, rounds: number): Promise<void> {
  const state = join(place.folder, 'state');
  rmSync(state, { recursive: true, force: true });
  mkdirSync(state);
  const file = `inventory-${createHash('sha256').update(place.backend).digest('hex').slice(0, 8)}.db`;
  await large.fill(join(state, file), place.backend);
  const cold = await measureCold(place);
  const warm = await measureWarm(place, rounds);
  const rows = PAGES.map(({ name }, at) => {
    const times = (warm.answers[at] ?? []).map(({ first }) => first).toSorted((one, other) => one - other);
    const [p50, p99, most] = [0.5, 0.99, 1].map((share) => times[Math.ceil(times.length * share) - 1] ?? 0);
    const { first = 0 } = cold[at] ?? {};
    const { bytes = 0 } = warm.answers[at]?.at(-1) ?? {};
    const spent = warm.spent[at] ?? 0;
    return [
      name,
      ...[first, p50, p99, most, spent].map((ms = 0) => ms.toFixed(0)),
      (bytes / 1000).toFixed(1),
    ];
  });
  const head = [place.name, 'cold, ms', 'p50, ms', 'p99, ms', 'most, ms', 'CPU, ms', 'kB'];
  console.log(`\n${printTable(head, rows)}\n`);
  console.log(`memory after requests: ${warm.memory.join(', ')}`);
}

/** The first answer of a gate that has just started, for each page. */
async function measureCold(place: Place): Promise<readonly Timed[]> {
  const answers: Timed[] = [];
  for (const page of PAGES) {
    answers.push(
      await withGate(place, async (browsers) => {
        await browsers.signIn(page.user ?? USER);
        return browsers.get(page);
      }),
    );
  }
  return answers;
}

/** As many requests as a page has had before it counts as warm. */
const WARMING = 10;
const SAMPLES = 5;

interface Warm {
  /** For each page. */
  readonly answers: readonly (readonly Timed[])[];
  /** Processor time of the gate for one answer of each page, in milliseconds, with what it does meanwhile. */
  readonly spent: readonly number[];
  /** `300: 180 MiB`. */
  readonly memory: readonly string[];
}

/** All pages in turn, many times, from one gate. */
function measureWarm(place: Place, rounds: number): Promise<Warm> {
  return withGate(place, async (browsers, pid) => {
    for (const user of [USER, OTHER]) await browsers.signIn(user);
    for (let round = 0; round < WARMING; round += 1) for (const page of PAGES) await browsers.get(page);
    const answers = PAGES.map((): Timed[] => []);
    const spent = PAGES.map(() => 0);
    const memory = [`${WARMING * PAGES.length}: ${memoryOf(pid)}`];
    for (let round = 1; round <= rounds; round += 1) {
      for (const [at, page] of PAGES.entries()) {
        const before = processorTime(pid);
        answers[at]?.push(await browsers.get(page));
        spent[at] = (spent[at] ?? 0) + processorTime(pid) - before;
      }
      if (round % Math.ceil(rounds / SAMPLES) === 0)
        memory.push(`${(WARMING + round) * PAGES.length}: ${memoryOf(pid)}`);
    }
    return { answers, spent: spent.map((ms) => ms / rounds), memory };
  });
}

async function withGate<T>(
  { folder, backend, ca }: Place,
  work: (browsers: Browsers, pid: number) => Promise<T>,
): Promise<T> {
  const args = ['--access', join(folder, 'access.yml'), '--state', join(folder, 'state')];
  const audit = ['--audit', join(folder, 'audit.log')];
  const gate = await startGate({ certs: join(folder, 'certs'), backend, args: [...args, ...audit] });
  const browsers = new Browsers(gate, ca);
  try {
    return await work(browsers, gate.pid);
  } finally {
    browsers.close();
    await gate.close();
  }
}

/** Of all threads of a process, in milliseconds. */
function processorTime(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).reduce((sum, task) => {
    const [nanoseconds] = readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ');
    return sum + Number(nanoseconds) / 1e6;
  }, 0);
}

/** Resident memory of the gate, its threads included. */
function memoryOf(pid: number): string {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return `${(Number(found) / 1024).toFixed(0)} MiB`;
}

function timed(what: string, work: () => void): void {
  const began = performance.now();
  work();
  console.log(`${what}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
}
