import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IS_FULL, reportFigures } from '../support/hostile.ts';
import { run } from '../support/programs.ts';
import { startRecordingBackend, type RecordingBackend } from '../support/recording-backend.ts';
import { describeWith } from '../support/requires.ts';
import { startTargetGate, type TargetGate } from '../support/target-gate.ts';

/** The sections that take seconds; the rest of testssl takes a minute. */
const QUICK = ['--protocols', '--std', '--fs', '--headers'];
const DEADLINE_MS = 1_800_000;
/** What a CA of one's own does not have. */
const EXCUSED = /neither CRL nor OCSP URI/;

describe('R102: what scanners say of TLS', () => {
  let backend: RecordingBackend;
  let gate: TargetGate;

  beforeAll(async () => {
    backend = await startRecordingBackend();
    gate = await startTargetGate({ backend: backend.url, config: { tls: { hsts: true } } });
  });
  afterAll(async () => {
    await gate?.close();
    await backend?.close();
  });

  describeWith(['testssl-newer', 'host'], 'testssl', () => {
    it(
      'R102, R103: finds nothing amiss, and gives a name with HSTS an A+ where it looks at everything',
      async () => {
        const authority = join(gate.certs, 'scanned-ca.pem');
        await writeFile(authority, gate.ca);
        const quiet = [
          '--quiet',
          '--color',
          '0',
          '--warnings',
          'off',
          '--nodns',
          'none',
          '--ip',
          '127.0.0.1',
        ];
        const sections = IS_FULL ? [] : QUICK;
        const target = `localhost:${gate.port}`;
        const { output } = await run(
          'testssl-newer',
          [...quiet, '--add-ca', authority, ...sections, target],
          { deadlineMs: DEADLINE_MS },
        );
        const lines = output.split('\n');
        const amiss = lines.filter(
          (line) => /NOT ok|VULNERABLE|Local problem/.test(line) && !EXCUSED.test(line),
        );
        const [, grade = 'not given'] = /Overall Grade\s+(\S+)/.exec(output) ?? [];
        const [, score = 'not given'] = /Final Score\s+(\d+)/.exec(output) ?? [];
        reportFigures('testssl', { grade, score, 'not ok': amiss.length });
        expect(amiss).toEqual([]);
        expect(output).toMatch(/TLS 1\.2\s+offered \(OK\)/);
        expect(output).toMatch(/TLS 1\.3\s+offered \(OK\)/);
        expect(output).toMatch(/Strict Transport Security\s+730 days/);
        expect(grade).toBe(IS_FULL ? 'A+' : 'not given');
      },
      DEADLINE_MS,
    );
  });

  describeWith(['nmap'], 'nmap', () => {
    it('R102: has no cipher below A', async () => {
      const args = ['-Pn', '-p', `${gate.port}`, '--script', 'ssl-enum-ciphers', '127.0.0.1'];
      const { stdout } = await run('nmap', args);
      expect(stdout).toMatch(/least strength: A/);
      expect(stdout).not.toMatch(/TLSv1\.[01]|SSLv/);
    });
  });
});
