import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createDice, reportFigures, sized } from '../support/hostile.ts';
import { sendRaw } from '../support/raw-client.ts';
import { describeWith } from '../support/requires.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';
import { ALL_CASES } from './cases/all.ts';
import type { HostileCase } from './cases/hostile-case.ts';
import { LOGGING_BACKENDS, type LoggingBackend, type Understood } from './logging-backends.ts';
import { makeMutant, markOf, shoot } from './mutants.ts';

const MUTANTS = sized(200, 5000);
const SEED = 69;
const AT_ONCE = 8;

/** How often a server may, and how often it must have seen a request line. */
interface Due {
  least: number;
  most: number;
}

/** What a backend may see of a case: its requests, and the beginning of one that breaks off. */
function dueOf({ bytes, expected }: HostileCase): readonly (readonly [string, Due])[] {
  const first = (typeof bytes === 'string' ? bytes : bytes.join('')).split('\r\n', 1)[0] ?? '';
  const [method = '', target = ''] = first.split(' ');
  switch (expected.kind) {
    case 'forwarded':
      return [[`${method} ${expected.target}`, { least: 1, most: 1 }]];
    case 'sequence':
      // Several requests: the methods are theirs, in whatever order.
      return expected.targets.map((it) => [`* ${it}`, { least: 1, most: 1 }]);
    case 'broken':
      return [[`${method} ${target}`, { least: 0, most: 1 }]];
    default:
      return [];
  }
}

function addDue(all: Map<string, Due>, cases: readonly HostileCase[]): void {
  for (const [line, { least, most }] of cases.flatMap(dueOf)) {
    const target = line.slice(line.indexOf(' ') + 1);
    const due = all.get(target) ?? { least: 0, most: 0 };
    all.set(target, { least: due.least + least, most: due.most + most });
  }
}

async function inTurns<T>(all: readonly T[], act: (one: T) => Promise<unknown>): Promise<void> {
  const left = [...all];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await act(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function sendCases(gate: TestGate): Promise<void> {
  const credentials = `Authorization: ${gate.authorization}\r\n`;
  await inTurns(ALL_CASES, ({ bytes, finish = false }) => {
    const pieces = (typeof bytes === 'string' ? [bytes] : bytes).map((piece) =>
      piece.replaceAll('@AUTH@', credentials),
    );
    const [method = ''] = pieces[0]?.split(' ', 1) ?? [];
    return sendRaw({ port: gate.port, ca: gate.ca, bytes: pieces, methods: [method], answers: 1, finish });
  });
}

async function sendMutants(gate: TestGate): Promise<void> {
  const credentials = `Authorization: ${gate.authorization}\r\n`;
  const dice = createDice(SEED);
  const mutants = Array.from({ length: MUTANTS }, (_none, nth) => makeMutant(nth, dice, credentials));
  await inTurns(mutants, (mutant) =>
    shoot(gate, mutant.bytes + markOf(mutant, credentials, true), undefined),
  );
}

/** The gate's own question whether the registry is there has no id. */
function ofClients(seen: readonly Understood[], hasIds: boolean): readonly Understood[] {
  return hasIds ? seen.filter(({ line, id }) => id !== undefined || !line.startsWith('GET /v2/ ')) : seen;
}

function targetOf({ line }: Understood): string {
  return line.split(' ')[1] ?? '';
}

/** The gate forwards the one name of what has two. */
function canonical(path: string | undefined): string | undefined {
  return path === '/v2' ? '/v2/' : path?.replace(/%3a/i, ':');
}

/** The log has a hash in place of the id of an upload session. These ids are no UUIDs, and go on as they came. */
function asLogged(path: string): string {
  return path.replace(
    /(\/blobs\/uploads\/)(.+)$/,
    (_path, before: string, session: string) => `${before}~${hash('sha256', session).slice(0, 12)}`,
  );
}

function complaintsAboutIds(seen: readonly Understood[], gate: TestGate): readonly string[] {
  const known = new Map<string, string>();
  for (const line of gate.log) {
    const { id, path } = JSON.parse(line) as { readonly id?: string; readonly path?: string };
    if (id !== undefined && path !== undefined) known.set(id, path);
  }
  const met = new Set<string>();
  return seen.flatMap((it) => {
    const { id, line } = it;
    if (id === undefined) return [`without an id: ${line}`];
    const complaints = [
      ...(met.has(id) ? [`twice: ${line}`] : []),
      ...(canonical(known.get(id)) === asLogged(targetOf(it).split('?')[0] ?? '')
        ? []
        : [`the gate called it ${known.get(id)}: ${line}`]),
    ];
    met.add(id);
    return complaints;
  });
}

function complaintsAboutCounts(seen: readonly Understood[]): readonly string[] {
  const counted = new Map<string, number>();
  for (const it of seen) counted.set(targetOf(it), (counted.get(targetOf(it)) ?? 0) + 1);
  const due = new Map<string, Due>();
  addDue(due, ALL_CASES);
  return [...new Set([...counted.keys(), ...due.keys()])].flatMap((target) => {
    const count = counted.get(target) ?? 0;
    const { least, most } = due.get(target) ?? { least: 0, most: 0 };
    return count >= least && count <= most ? [] : [`${target}: ${count} times, ${least} to ${most} were due`];
  });
}

async function attack(
  backend: LoggingBackend,
  act: (gate: TestGate) => Promise<void>,
): Promise<{
  readonly seen: readonly Understood[];
  readonly gate: TestGate;
}> {
  const gate = await startTestGate({ backend: backend.url, timeouts: { bodyIdleSeconds: 0.3 } });
  let seen: readonly Understood[] = [];
  try {
    await act(gate);
  } finally {
    await gate.close();
    seen = await backend.finish();
  }
  return { seen, gate };
}

describe('R69: what the gate lets through is one request, whoever reads it', () => {
  for (const { name, programs, hasIds, start } of LOGGING_BACKENDS) {
    describeWith(programs, `${name} behind the gate`, () => {
      it('sees each good request of the table once, and nothing that was hidden in one', async () => {
        const { seen, gate } = await attack(await start(), sendCases);
        const clients = ofClients(seen, hasIds);
        reportFigures(`requests before ${name}`, { cases: ALL_CASES.length, 'seen by it': clients.length });
        expect(clients.filter(({ line }) => /smuggled|hidden/.test(line))).toEqual([]);
        expect(complaintsAboutCounts(clients)).toEqual([]);
        expect(hasIds ? complaintsAboutIds(clients, gate) : []).toEqual([]);
      });

      it('sees of mutated requests what the gate saw', async () => {
        const { seen, gate } = await attack(await start(), sendMutants);
        const clients = ofClients(seen, hasIds);
        reportFigures(`mutated requests before ${name}`, { requests: MUTANTS, 'seen by it': clients.length });
        expect(clients.length).toBeGreaterThan(0);
        expect(clients.filter(({ line }) => /smuggled|hidden/.test(line))).toEqual([]);
        expect(hasIds ? complaintsAboutIds(clients, gate) : []).toEqual([]);
      });
    });
  }
});
