import { afterAll, beforeAll, describe, it } from 'vitest';
import { temporaryFolder, type Folder } from '../../support/programs.ts';
import { serveEmbedded, type TestServer } from './server.ts';
import { SPEC_CASES } from './spec-cases.ts';
import { SpecClient } from './spec-client.ts';

describe('the embedded registry keeps the distribution spec', () => {
  let folder: Folder;
  let server: TestServer;
  let client: SpecClient;

  beforeAll(async () => {
    folder = await temporaryFolder('spec');
    server = await serveEmbedded(folder.path);
    client = new SpecClient(server.url);
  });
  afterAll(async () => {
    client.close();
    await server.close();
    await folder.close();
  });

  const cases = SPEC_CASES.map((one, at) => [one.name, one, `spec/case-${at}`] as const);

  // oxlint-disable-next-line vitest/expect-expect -- the cases bring their own
  it.concurrent.each(cases)('%s', (_name, one, repository) => one.run(client, repository));
});
