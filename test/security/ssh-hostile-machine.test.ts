import { chmod, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { trustOverSsh } from '../../src/cli/certs/trust-over-ssh.ts';
import { parseRegistry } from '../../src/pki/trust/trust-target.ts';
import { AUTHORITY, craft } from '../pki/craft.ts';
import { temporaryFolders } from '../pki/support.ts';

const folder = temporaryFolders();

/** Stands for ssh: what the machine at the other end does is what matters here. */
const SSH = `#!/bin/sh
case $* in
  *slow*) exec sleep 600 ;;
  *loud*) head -c 300000 /dev/zero | tr '\\0' a; printf '\\n\\033[2J\\n'; exit 0 ;;
  *) cat > /dev/null; printf 'wrote\\033[2J\\n' ;;
esac
`;

it('a machine that does not end is left, and the next one is set up', async () => {
  const at = await folder();
  await writeFile(join(at, 'ssh'), SSH);
  await chmod(join(at, 'ssh'), 0o755);
  vi.stubEnv('PATH', `${at}${delimiter}${process.env['PATH'] ?? ''}`);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const order = {
    client: 'docker',
    endpoint: parseRegistry('registry.lan'),
    authority: craft({ name: 'root', extensions: AUTHORITY }).pem,
  } as const;
  const [slow, next] = await trustOverSsh(['slow', 'good'], order, 300);
  expect(next?.host).toBe('good');
  expect(slow).toEqual({ host: 'slow', ok: false, lines: ['It did not end within 0.3 s.'] });
  const [good, loud] = await trustOverSsh(['good', 'loud'], order);
  expect(good).toEqual({ host: 'good', ok: true, lines: ['wrote?[2J'] });
  expect(loud?.lines.join('').length).toBeLessThanOrEqual(65_536);
});
