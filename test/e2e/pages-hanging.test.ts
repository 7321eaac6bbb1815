import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PageClient } from '../support/page-client.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { connectGate } from '../support/raw-client.ts';
import { startRecordingBackend, type RecordingBackend } from '../support/recording-backend.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';

const PAGE = '/r/open/app/-/image/1.0';
const MANIFEST = '/v2/open/app/manifests/1.0';
const UNKNOWN = '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}';
const ACCESS = 'rules:\n  - { who: [anonymous, alice], repositories: "**", allow: pull }\n';

let folder: Folder;
let backend: RecordingBackend;
let gate: TestGate;
/** The connections on which a manifest was asked for and not answered. */
let hung: Socket[];

function answerUnknown(socket: Socket): void {
  socket.write(
    `HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: ${UNKNOWN.length}\r\n\r\n${UNKNOWN}`,
  );
}

/** Asks for the page without a session, and for nothing more. */
async function knock(): Promise<Socket> {
  const socket = connectGate(gate.port, gate.ca).on('error', () => undefined);
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  socket.write(`GET ${PAGE} HTTP/1.1\r\nHost: 127.0.0.1:${gate.port}\r\nSec-Fetch-Site: none\r\n\r\n`);
  return socket.resume();
}

describe('pages of a registry that hangs', () => {
  beforeAll(async () => {
    folder = await temporaryFolder('hanging');
    const access = join(folder.path, 'access.yml');
    await writeFile(access, ACCESS);
    backend = await startRecordingBackend();
    hung = [];
    backend.script({
      onRequest: (socket, { target }) => {
        if (target === MANIFEST) hung.push(socket);
        else answerUnknown(socket);
      },
    });
    gate = await startTestGate({ backend: backend.url, config: { access, pages: 'on' } });
  });

  afterAll(async () => {
    await gate?.close();
    await backend?.close();
    await folder?.close();
  });

  it('are few at a time, end with their browsers, and leave nothing behind when it answers again', async () => {
    const browsers = await Promise.all(Array.from({ length: 40 }, knock));
    await expect.poll(() => hung.length).toBe(2);
    const visitor = new PageClient(gate);
    const refused = await visitor.get(PAGE);
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
    // Other pages are made meanwhile.
    expect((await visitor.get('/connect')).status).toBe(200);

    for (const browser of browsers) browser.destroy();
    await expect.poll(() => hung.every((socket) => socket.destroyed)).toBe(true);
    backend.script({ onRequest: answerUnknown });
    const asked = hung.length;
    expect((await visitor.get(PAGE)).status).toBe(303);
    expect(hung).toHaveLength(asked);
    expect(gate.log.filter((line) => line.includes('a page failed'))).toEqual([]);
  });
});
