import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { storedBlobs, V2 } from '../backend/embedded/layout.ts';
import { serveEmbedded } from '../backend/embedded/server.ts';
import { SpecClient } from '../backend/embedded/spec-client.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { recordingTerminal } from '../support/terminal.ts';

describe('gc over a folder with a damaged manifest', () => {
  let folder: Folder;
  let digest: string;

  beforeAll(async () => {
    folder = await temporaryFolder('gc-command');
    const server = await serveEmbedded(folder.path);
    const client = new SpecClient(server.url);
    ({ digest } = await client.image('team/app', '1'));
    client.close();
    await server.close();
    const { path } = (await storedBlobs(folder.path)).find((blob) => blob.digest === digest) ?? { path: '' };
    await writeFile(join(folder.path, V2, 'blobs', path), '{');
  });
  afterAll(() => folder.close());

  it('names it, says what was kept and what to do, and is done', async () => {
    const terminal = recordingTerminal();
    expect(await run(['gc', '--data', folder.path], terminal)).toBe(0);
    expect(terminal.stderr()).toContain(`The manifest ${digest} of team/app can't be read: its bytes`);
    expect(terminal.stderr()).toContain('All blobs of these repositories were kept');
    expect(terminal.stdout()).toContain('Freed 0.0 MB in 0 blobs.');
  });

  it('names it in JSON', async () => {
    const terminal = recordingTerminal();
    expect(await run(['gc', '--data', folder.path, '--json', '--dry-run'], terminal)).toBe(0);
    expect(JSON.parse(terminal.stdout())).toMatchObject({
      blobs: 0,
      unreadable: [{ repository: 'team/app', digest }],
    });
  });
});
