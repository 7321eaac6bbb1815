import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CRANE, ORAS, PODMAN, SKOPEO } from '../support/rights-clients.ts';
import { CURL } from '../support/rights-curl.ts';
import type { ClientActions } from '../support/rights-client-session.ts';
import { openRightsGate, type Holding, type RightsGate } from '../support/rights-gate.ts';
import { EXPECTED, expectedOf, fill, tryAll, type Row } from '../support/rights-table.ts';
import { describeWith } from '../support/requires.ts';

interface Client {
  readonly program: string;
  readonly skills: ClientActions;
  /** Where it differs from the others. */
  readonly unusual?: Partial<Record<Holding, Partial<Row>>>;
}

/** It asks without credentials first, and need not show them where everybody may. */
const SHY: Client['unusual'] = {
  'wrong password': { pullPublic: 'done' },
  'ci token': { pullPublic: 'done' },
  'revoked token': { pullPublic: 'done' },
};

const CLIENTS: readonly Client[] = [
  { program: 'curl', skills: CURL },
  { program: 'skopeo', skills: SKOPEO },
  { program: 'crane', skills: CRANE },
  { program: 'oras', skills: ORAS, unusual: SHY },
  { program: 'podman', skills: PODMAN },
];

const PLACES = [
  { name: 'docker-registry', programs: ['docker-registry'], embedded: false, clients: CLIENTS },
  { name: 'the embedded registry', programs: [], embedded: true, clients: CLIENTS.slice(0, 2) },
];

describe.each(PLACES)('in front of $name', ({ programs, embedded, clients }) => {
  describeWith(['curl', ...programs], 'rights', () => {
    let fixture: RightsGate;

    beforeAll(async () => {
      fixture = await openRightsGate({ embedded });
      await fill(
        fixture,
        clients.map(({ program }) => program),
      );
    });
    afterAll(() => fixture?.close());

    for (const { program, skills, unusual = {} } of clients) {
      describeWith([program], program, () => {
        it.each(EXPECTED)('with %s', async (holding, usual) => {
          const row = await tryAll(fixture, program, skills, holding);
          expect(row).toEqual(expectedOf(skills, usual, unusual[holding]));
        });
      });
    }
  });
});
