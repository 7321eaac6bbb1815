import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder, type Folder } from '../../../support/programs.ts';
import { V2 } from '../layout.ts';
import { serveEmbedded, type TestServer } from '../server.ts';
import { digestOf, index, OCI_INDEX, SpecClient, type Answer, type Made } from '../spec-client.ts';

interface Listed {
  readonly manifests: readonly {
    readonly digest: string;
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
}

/** The digests that pages of referrers list, each page by itself. */
async function pagesFrom(client: SpecClient, path: string): Promise<string[][]> {
  const pages: string[][] = [];
  for (let next: string | undefined = path; next !== undefined;) {
    const { body, headers }: Answer = await client.expect(200, 'GET', next);
    const { manifests } = JSON.parse(body.toString()) as Listed;
    pages.push(manifests.map(({ digest }) => digest));
    const { link } = headers;
    next = /<([^>]*)>; rel="next"/.exec(typeof link === 'string' ? link : '')?.[1];
  }
  return pages;
}

describe('M-B3: pages of referrers', () => {
  const subject = { mediaType: OCI_INDEX, digest: digestOf('a subject'), size: 9 };
  let folder: Folder;
  let server: TestServer;
  let client: SpecClient;

  const reopen = async (): Promise<void> => {
    await server.close();
    server = await serveEmbedded(folder.path);
    client.close();
    client = new SpecClient(server.url);
  };

  async function push(repository: string, made: readonly Made[]): Promise<string[]> {
    for (const one of made) expect((await client.manifest(repository, one.digest, one)).status).toBe(201);
    return made.map(({ digest }) => digest).toSorted();
  }

  beforeAll(async () => {
    folder = await temporaryFolder('referrers');
    server = await serveEmbedded(folder.path);
    client = new SpecClient(server.url);
  });
  afterAll(async () => {
    client.close();
    await server.close();
    await folder.close();
  });

  it('hold 3 MiB of annotations, also when nothing is in memory yet', async () => {
    const made = Array.from({ length: 8 }, (_, at) =>
      index([], { subject, annotations: { at: `${at}`.repeat(900_000) } }),
    );
    const digests = await push('team/wide', made);
    const path = `/v2/team/wide/referrers/${subject.digest}`;
    const expected = [digests.slice(0, 3), digests.slice(3, 6), digests.slice(6)];
    expect(await pagesFrom(client, path)).toEqual(expected);
    await reopen();
    expect(await pagesFrom(client, path)).toEqual(expected);
  });

  it('hold those that spell the name of the subject with escapes, when nothing is in memory yet', async () => {
    const plain = index([], { subject, annotations: { at: 'plain' } });
    const bytes = index([], { subject, annotations: { at: 'odd' } }).bytes.replace(
      '"subject"',
      String.raw`"\u0073ubject"`,
    );
    const odd = { ...plain, bytes, digest: digestOf(bytes), size: bytes.length };
    const digests = await push('team/odd', [plain, odd]);
    await push('team/odd', [index([], { annotations: { at: 'nothing' } })]);
    await reopen();
    expect(await pagesFrom(client, `/v2/team/odd/referrers/${subject.digest}`)).toEqual([digests]);
  });

  it('end when 16 MiB of manifests were read for them', async () => {
    const made = Array.from({ length: 6 }, (_, at) => index([], { subject, x: `${at}`.repeat(4_100_000) }));
    const digests = await push('team/large', made);
    const pages = await pagesFrom(client, `/v2/team/large/referrers/${subject.digest}`);
    expect(pages).toEqual([digests.slice(0, 5), digests.slice(5)]);
  });

  it('leave out what was deleted, and hold what was pushed again', async () => {
    const made = Array.from({ length: 3 }, (_, at) => index([], { subject, annotations: { at: `${at}` } }));
    const [first, ...rest] = await push('team/some', made);
    const path = `/v2/team/some/referrers/${subject.digest}`;
    expect(await pagesFrom(client, path)).toEqual([[first, ...rest]]);
    await client.expect(202, 'DELETE', `/v2/team/some/manifests/${first}`);
    expect(await pagesFrom(client, path)).toEqual([rest]);
    await push('team/some', made);
    expect(await pagesFrom(client, path)).toEqual([[first, ...rest]]);
  });

  it('leave out annotations that are more than a list can hold, which another registry took', async () => {
    const { digest, bytes } = index([], { subject, annotations: { a: 'b'.repeat(1024 * 1024) } });
    const hex = digest.slice('sha256:'.length);
    const blob = join(folder.path, V2, 'blobs/sha256', hex.slice(0, 2), hex);
    const link = join(folder.path, V2, 'repositories/team/other/_manifests/revisions/sha256', hex);
    for (const path of [blob, link]) await mkdir(path, { recursive: true });
    await writeFile(join(blob, 'data'), bytes);
    await writeFile(join(link, 'link'), digest);
    const { body } = await client.expect(200, 'GET', `/v2/team/other/referrers/${subject.digest}`);
    const { manifests } = JSON.parse(body.toString()) as Listed;
    expect(manifests).toMatchObject([{ digest }]);
    expect(manifests[0]?.annotations).toBeUndefined();
  });
});
