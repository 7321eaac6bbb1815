import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStage, type Stage } from '../support/clients.ts';
import { blobsOf, writeImage, type Image } from '../support/images.ts';
import { must, run } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';

/** What the book has its readers type, with openssl and Apache's htpasswd (which writes apr1 unless told otherwise). */
async function followTheBook(certs: string, address: string): Promise<void> {
  const openssl = (line: string): Promise<string> => must('openssl', line.split(' '), { cwd: certs });
  await openssl('genrsa -out ca.key 2048');
  await openssl('req -x509 -new -key ca.key -days 10000 -out ca.crt -subj /C=KR/ST=Seoul/O=Docker/CN=ca');
  await openssl('genrsa -out domain.key 2048');
  await openssl(`req -new -key domain.key -out domain.csr -subj /CN=${address}`);
  await writeFile(join(certs, 'extfile.cnf'), `subjectAltName = IP:${address}\n`);
  await openssl(
    'x509 -req -in domain.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out domain.crt -days 10000 -extfile extfile.cnf',
  );
  await must('htpasswd', ['-c', '-b', 'htpasswd', 'hello', 'world'], { cwd: certs });
  await must('htpasswd', ['-b', 'htpasswd', 'second', 'Passwort mit Ümlaut'], { cwd: certs });
}

describeWith(['openssl', 'htpasswd', 'skopeo', 'docker-registry'], 'the set-up from the book', () => {
  let stage: Stage;
  let image: Image;

  beforeAll(async () => {
    stage = await openStage({ prepare: followTheBook });
    image = await writeImage(join(stage.folder, 'image'), 20);
  });
  afterAll(() => stage.close());

  it.each([
    { name: 'hello', password: 'world' },
    { name: 'second', password: 'Passwort mit Ümlaut' },
  ])('is served unchanged: $name pushes and pulls', async ({ name, password }) => {
    const there = `docker://${stage.gate.name}/${name}/app:1`;
    const back = join(stage.folder, name);
    const login = `${name}:${password}`;
    const target = ['--dest-cert-dir', stage.trustFolder, '--dest-creds', login];
    const source = ['--src-cert-dir', stage.trustFolder, '--src-creds', login];
    await must('skopeo', ['copy', ...target, `oci:${image.layout}:1`, there]);
    await must('skopeo', ['copy', ...source, there, `oci:${back}:1`]);
    expect(await blobsOf(back)).toEqual(await blobsOf(image.layout));
  });

  it('lets nobody else in', async () => {
    const who = ['--cert-dir', stage.trustFolder, '--creds', 'hello:World'];
    const ran = await run('skopeo', ['inspect', ...who, `docker://${stage.gate.name}/hello/app:1`]);
    expect(ran.output).toMatch(/unauthorized|authentication required|invalid username/);
    expect(ran.status).not.toBe(0);
  });
});
