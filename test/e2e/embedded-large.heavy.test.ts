import { createCipheriv, createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbedded, type EmbeddedProgram } from '../backend/embedded/program.ts';
import { SpecClient } from '../backend/embedded/spec-client.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';

const MIB = 1024 * 1024;
const SMALL = 128;
const LARGE = 1024;
const REPOSITORY = 'team/large';

/** The same noise each time, at the speed of AES. */
function* noise(megabytes: number): Generator<Buffer> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, megabytes), Buffer.alloc(16));
  const zeros = Buffer.alloc(MIB);
  for (let at = 0; at < megabytes; at += 1) yield cipher.update(zeros);
}

function digestOf(megabytes: number): string {
  const hash = createHash('sha256');
  for (const chunk of noise(megabytes)) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

describe('a layer of a gigabyte', () => {
  let folder: Folder;
  let program: EmbeddedProgram;
  let client: SpecClient;

  beforeAll(async () => {
    folder = await temporaryFolder('large');
    program = await startEmbedded(folder.path);
    client = new SpecClient(program.url);
  });
  afterAll(async () => {
    client.close();
    await program.daemon.close();
    await folder.close();
  });

  /** Most memory that the registry's process ever had resident, in bytes. */
  async function peak(): Promise<number> {
    const status = await readFile(`/proc/${program.daemon.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }

  async function push(megabytes: number, digest: string): Promise<void> {
    const location = await client.begin(REPOSITORY);
    const status = await new Promise<number>((resolve, reject) => {
      const req = request(new URL(location, program.url), { method: 'PATCH', agent: false }, (res) => {
        res.resume().on('end', () => resolve(res.statusCode ?? 0));
      });
      req.on('error', reject);
      pipeline(Readable.from(noise(megabytes)), req).catch(reject);
    });
    expect(status).toBe(202);
    expect((await client.put(location, digest)).status).toBe(201);
  }

  async function pull(digest: string): Promise<string> {
    const hash = createHash('sha256');
    await new Promise<void>((resolve, reject) => {
      const req = request(
        new URL(`/v2/${REPOSITORY}/blobs/${digest}`, program.url),
        { agent: false },
        (res) => {
          res.on('data', (chunk: Buffer) => hash.update(chunk)).on('end', resolve);
          res.on('error', reject);
        },
      );
      req.on('error', reject).end();
    });
    return `sha256:${hash.digest('hex')}`;
  }

  it('goes in and out at the memory of a small one', async () => {
    const peaks: number[] = [];
    for (const megabytes of [SMALL, LARGE]) {
      const digest = digestOf(megabytes);
      await push(megabytes, digest);
      expect(await pull(digest)).toBe(digest);
      peaks.push(await peak());
    }
    const [small = 0, large = 0] = peaks;
    expect(large).toBeLessThan(small + 96 * MIB);
    expect(large).toBeLessThan(400 * MIB);
  });
});
