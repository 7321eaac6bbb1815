import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD, USER, makeCerts, startGate, type GateProcess } from '../support/gate-process.ts';
import { temporaryFolder, until, type Folder } from '../support/programs.ts';
import { metricsUrl, scrape, type ScrapedSample } from '../support/scrape.ts';
import { basic } from '../support/test-gate.ts';

describe('metrics of two workers', () => {
  let folder: Folder;
  let gate: GateProcess;
  let ca: string;
  let page: string;
  beforeAll(async () => {
    folder = await temporaryFolder('metrics');
    await makeCerts(folder.path, ['127.0.0.1']);
    ca = await readFile(join(folder.path, 'ca.crt'), 'utf8');
    gate = await startGate({
      certs: folder.path,
      backend: `embedded:${join(folder.path, 'data')}`,
      args: ['--workers', '2', '--metrics', '0'],
    });
    page = await until(
      () => (gate.log.some((line) => line.includes('"msg":"metrics"')) ? metricsUrl(gate) : undefined),
      () => gate.log.join('\n'),
    );
  });
  afterAll(async () => {
    await gate.close();
    await folder.close();
  });

  /** A request on a connection of its own: the workers take them in turn. */
  function ask(): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const headers = { authorization: basic(USER, PASSWORD) };
      const asked = request(`${gate.url}/v2/`, { ca, agent: false, headers }, (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode));
      });
      asked.on('error', reject).end();
    });
  }

  const requests = (samples: readonly ScrapedSample[]): readonly ScrapedSample[] =>
    samples.filter(
      ({ name, labels }) => name === 'registry_gate_requests_total' && labels['status'] === '2xx',
    );
  const sum = (samples: readonly ScrapedSample[]): number =>
    samples.reduce((total, { value }) => total + value, 0);

  it('are on one page, whichever of them answers', async () => {
    let asked = 0;
    const workersIn = (samples: readonly ScrapedSample[]): readonly (string | undefined)[] =>
      requests(samples)
        .map(({ labels }) => labels['worker'])
        .toSorted();
    await until(
      async () => {
        const answers = await Promise.all(Array.from({ length: 8 }, ask));
        expect(answers.filter((status) => status !== 200)).toEqual([]);
        asked += answers.length;
        return workersIn(await scrape(page)).length === 2 ? true : undefined;
      },
      () => `one worker answered all ${asked} requests`,
    );
    // The answer is at the client before its exchange has ended.
    await until(
      async () => (sum(requests(await scrape(page))) === asked ? true : undefined),
      () => `not all of ${asked} requests were counted`,
    );
    for (const samples of await Promise.all(Array.from({ length: 4 }, () => scrape(page)))) {
      expect(sum(requests(samples))).toBe(asked);
      expect(workersIn(samples)).toEqual(['1', '2']);
    }
  });

  it('say once what there is once, and of each process what is its own', async () => {
    const samples = await scrape(page);
    const of = (name: string): readonly ScrapedSample[] => samples.filter((sample) => sample.name === name);
    expect(of('process_resident_memory_bytes')).toHaveLength(2);
    expect(of('registry_gate_backend_up')).toMatchObject([{ labels: {}, value: 1 }]);
    expect(
      of('registry_gate_disk_size_bytes')
        .map(({ labels }) => labels['place'])
        .toSorted(),
    ).toEqual(['registry', 'state']);
  });
});
