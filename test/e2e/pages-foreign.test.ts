import { afterAll, beforeAll, expect, it } from 'vitest';
import { BROWSER, startBrowser, type OpenBrowser } from '../support/browser.ts';
import { startRecordingBackend, type RecordingBackend } from '../support/recording-backend.ts';
import { describeWith } from '../support/requires.ts';
import { sendRaw } from '../support/raw-client.ts';
import { startTestGate, type TestGate } from '../support/test-gate.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const EVIL = '<title>evil</title><script>document.title = "ran"</script>';

let backend: RecordingBackend;
let gate: TestGate;
let browser: OpenBrowser;

function evil(socket: { write(text: string): unknown }): void {
  socket.write(
    `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Disposition: inline\r\nContent-Length: ${EVIL.length}\r\n\r\n${EVIL}`,
  );
}

describeWith([BROWSER], 'a page of the registry', () => {
  beforeAll(async () => {
    backend = await startRecordingBackend();
    backend.script({ onRequest: evil });
    gate = await startTestGate({ backend: backend.url, config: { pages: 'on' } });
    browser = await startBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await gate?.close();
    await backend?.close();
  });

  it.each([`/v2/a/blobs/${DIGEST}`, '/v2/a/manifests/1', '/v2/a/tags/list'])(
    '%s: keeps its type and its bytes for a client, and is none in a browser',
    async (path) => {
      const { port, ca, authorization } = gate;
      const bytes = `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: ${authorization}\r\n\r\n`;
      const { answers } = await sendRaw({ port, ca, bytes, answers: 1 });
      expect(answers[0]?.body).toBe(EVIL);
      expect(
        ['content-type', 'content-disposition', 'content-security-policy'].map((it) => answers[0]?.all(it)),
      ).toEqual([['text/html'], ['attachment'], ["default-src 'none'; sandbox"]]);
      const { page, close } = await browser.open(`https://127.0.0.1:${port}`);
      await page.setExtraHTTPHeaders({ authorization });
      await expect(page.goto(path)).rejects.toThrow(/Download is starting|ERR_ABORTED/);
      expect(await page.title()).not.toMatch(/evil|ran/);
      await close();
    },
  );
});
