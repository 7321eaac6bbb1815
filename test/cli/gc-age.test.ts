import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { filesIn, V2 } from '../backend/embedded/layout.ts';
import { serveEmbedded } from '../backend/embedded/server.ts';
import { locationOf, SpecClient } from '../backend/embedded/spec-client.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { recordingTerminal } from '../support/terminal.ts';

const MINUTE_MS = 60_000;

describe('gc --older-than', () => {
  let folder: Folder;

  /** A blob that nothing needs and an unfinished upload, both twenty minutes old. */
  beforeEach(async () => {
    folder = await temporaryFolder('gc-age');
    const server = await serveEmbedded(folder.path);
    const client = new SpecClient(server.url);
    await client.blob('team/app');
    locationOf(await client.patch(await client.begin('team/app'), 'some'));
    client.close();
    await server.close();
    const then = new Date(Date.now() - 20 * MINUTE_MS);
    for (const path of await filesIn(join(folder.path, V2)))
      await utimes(join(folder.path, V2, path), then, then);
  });
  afterEach(() => folder.close());

  it.each([
    [[], 0, 0],
    [['--older-than', '30m'], 0, 0],
    [['--older-than', '10m'], 1, 1],
    [['--older-than', '1200s'], 1, 1],
    [['--older-than', '1d'], 0, 0],
  ])('%o gives back %d blobs and %d uploads', async (args, blobs, uploads) => {
    const terminal = recordingTerminal();
    expect(await run(['gc', '--data', folder.path, '--json', ...args], terminal)).toBe(0);
    expect(JSON.parse(terminal.stdout())).toMatchObject({ blobs, uploads });
  });

  it.each(['10', 'm', '10 m', '-1m', '1w', '1.5h', ''])('is refused with %o', async (text) => {
    const terminal = recordingTerminal();
    expect(await run(['gc', '--data', folder.path, '--older-than', text], terminal)).toBe(2);
    expect(terminal.stderr()).toContain('90s, 10m, 2h or 1d');
  });
});
