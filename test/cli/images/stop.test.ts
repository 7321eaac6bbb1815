import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/program.ts';
import { send, startScripted } from '../../images/client/scripted.ts';
import { writeImage } from '../../support/images.ts';
import { temporaryFolder, type Folder } from '../../support/programs.ts';
import { recordingTerminal } from '../../support/terminal.ts';

let folder: Folder;
let layout: string;

beforeAll(async () => {
  folder = await temporaryFolder('stop');
  ({ layout } = await writeImage(join(folder.path, 'image'), 1));
});
afterAll(() => folder.close());

const at = (name: string): string => join(folder.path, name);

type Line = (registry: string) => readonly string[];

const COMMANDS: readonly (readonly [name: string, line: Line])[] = [
  ['copy from', (it) => ['copy', `${it}/team/app:1`, `oci:${at('never')}`]],
  ['copy to', (it) => ['copy', `oci:${layout}`, `${it}/team/app:1`]],
  ['save', (it) => ['save', '-o', at('never.tar'), `${it}/team/app:1`]],
  ['load', (it) => ['load', '-i', layout, `${it}/team/app:1`]],
  ['tag', (it) => ['tag', `${it}/team/app:1`, '2']],
  ['remove', (it) => ['remove', `${it}/team/app:1`, '--yes']],
  ['remove --match', (it) => ['remove', `${it}/team/app`, '--match', '*', '--yes']],
  ['sync', () => ['sync', '--file', at('plan.yml'), '--yes']],
  ['files', (it) => ['files', `${it}/team/app:1`]],
  ['cat', (it) => ['cat', `${it}/team/app:1`, '/etc/passwd']],
];

type Answer = (response: Parameters<typeof send>[0], url: string) => void;

/** Runs a command until its registry has answered, at a path like this, and then sends Ctrl-C once. */
async function stop(line: Line, answer: Answer, path = '/v2/') {
  const terminal = recordingTerminal({ env: { HOME: folder.path } });
  const server = await startScripted(({ url }, response) => {
    if (url.startsWith(path)) response.on('finish', () => terminal.signal('SIGINT'));
    answer(response, server.url);
  });
  await writeFile(at('plan.yml'), `from: ${server.name}\nto: ${server.name}\nrepositories: [team/app]\n`);
  const code = await run(['images', ...line(server.name), '--plain-http'], terminal);
  return { code, err: terminal.stderr(), asked: server.requests.map(({ url }) => url.split('?')[0]) };
}

describe('the first Ctrl-C', () => {
  it.each(COMMANDS)('ends the pause that a registry asked %s for', async (_name, line) => {
    const { code, err, asked } = await stop(line, (response) => send(response, 429, { 'retry-after': '60' }));
    expect({ code, err }).toMatchObject({
      code: 130,
      err: expect.stringContaining('error[INTERRUPTED]') as string,
    });
    expect(asked).toHaveLength(1);
  });

  it.each(COMMANDS)('ends a request of %s that is not answered', async (_name, line) => {
    const { code, asked } = await stop(line, (response) => {
      // The head of the answer is out, and the rest never comes.
      response.writeHead(200, { 'content-length': '1000', 'content-type': 'application/json' }).write('{');
      response.emit('finish');
    });
    expect(code).toBe(130);
    expect(asked).toHaveLength(1);
  });

  it('ends the pause that a token service asked for', async () => {
    const { code, asked } = await stop(
      (it) => ['copy', `${it}/team/app:1`, `oci:${at('never')}`],
      (response, url) =>
        send(response, response.req.url?.startsWith('/token') === true ? 429 : 401, {
          'retry-after': '60',
          'www-authenticate': `Bearer realm="${url}/token",service="r"`,
        }),
      '/token',
    );
    expect(code).toBe(130);
    expect(asked).toEqual([expect.stringMatching(/^\/v2\//), '/token']);
  });

  it('ends a credential helper that waits for its user', async () => {
    const terminal = recordingTerminal({ env: { HOME: folder.path, PATH: `${folder.path}:/usr/bin:/bin` } });
    const server = await startScripted((_request, response) =>
      send(response, 401, { 'www-authenticate': 'Basic realm="r"' }),
    );
    const asked = await startScripted((_request, response) => {
      terminal.signal('SIGINT');
      send(response, 200);
    });
    const helper = `#!/bin/sh\nexec node -e 'fetch("${asked.url}"); setInterval(() => {}, 1000)'\n`;
    await writeFile(at('docker-credential-slow'), helper, { mode: 0o755 });
    await writeFile(at('auth.json'), '{"credsStore":"slow"}');
    const line = ['tag', `${server.name}/team/app:1`, '2', '--plain-http', '--auth-file', at('auth.json')];
    expect(await run(['images', ...line], terminal)).toBe(130);
    expect(terminal.stderr()).toContain('error[INTERRUPTED]');
  });
});
