import { afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import { createFilesThread } from '../../../src/pages/image/files/thread/files-thread.ts';
import type { FilesQuestion } from '../../../src/pages/image/files/thread/question.ts';
import { recordingLogger } from '../../auth/abuse/support.ts';

const MEDIA_TYPE = 'application/vnd.oci.image.layer.v1.tar+gzip';
const open: ReturnType<typeof createFilesThread>[] = [];

afterEach(async () => {
  for (const thread of open.splice(0)) await thread.close();
});

function opened(): ReturnType<typeof createFilesThread> {
  const door = { name: 'registry', socketPath: '/nonexistent.sock', user: 'gate', password: new Secret('x') };
  const thread = createFilesThread({ door, largestLayer: 1000, logger: recordingLogger() });
  open.push(thread);
  return thread;
}

function question(size: number, owner = 'alice'): FilesQuestion {
  const layer = { mediaType: MEDIA_TYPE, digest: `sha256:${'ab'.repeat(32)}`, size };
  return { repository: 'team/app', owner, layers: [layer], path: '', hasHidden: false, from: 0 };
}

describe('the thread that looks into layers', () => {
  it('answers, and says why it can not read what the registry does not give', async () => {
    const thread = opened();
    expect(await thread.ask(question(1001))).toEqual({ kind: 'too-large', layer: 1, size: 1001 });
    await expect.poll(async () => (await thread.ask(question(10))).kind).toBe('unreadable');
  });

  it('has 16 questions of one account, and answers those of others', async () => {
    const thread = opened();
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_none, at) => thread.ask(question(1001, at < 17 ? 'alice' : `u${at}`))),
    );
    const kinds = replies.map(({ kind }) => kind);
    expect(kinds).toEqual([
      ...Array<string>(16).fill('too-large'),
      'busy',
      ...Array<string>(3).fill('too-large'),
    ]);
  });

  it('is busy for whoever waits when it ends, and for whoever asks after that', async () => {
    const thread = opened();
    const waiting = thread.ask(question(1001));
    await thread.close();
    expect([await waiting, await thread.ask(question(1001))]).toEqual([{ kind: 'busy' }, { kind: 'busy' }]);
  });
});
