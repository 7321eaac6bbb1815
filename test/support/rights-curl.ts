import { join } from 'node:path';
import { blobsOf } from './images.ts';
import { run, type Ran } from './programs.ts';
import { concurrentForEach, type ClientSession, type ClientActions } from './rights-client-session.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/** curl: fails with the body for everything that is no success. */
export function curl(
  { fixture, who }: ClientSession,
  path: string,
  ...args: readonly string[]
): Promise<Ran> {
  const me = who === undefined ? [] : ['--user', `${who.user}:${who.password}`];
  const quiet = ['--silent', '--show-error', '--fail-with-body', '--cacert', fixture.caFile];
  return run('curl', [...quiet, ...me, ...args, path.startsWith('https:') ? path : `${fixture.url}${path}`]);
}

const manifestPath = (target: string): string => `/v2/${target.replace(':', '/manifests/')}`;

/** Where an upload was opened. */
export function locationOf({ output }: Ran): string {
  return /^location: (\S+)\r$/im.exec(output)?.[1] ?? '';
}

async function sendBlob(topicHandlers: ClientSession, target: string, hex: string): Promise<Ran> {
  const opened = await curl(
    topicHandlers,
    `/v2/${target.replace(/:.*/, '')}/blobs/uploads/`,
    '--request',
    'POST',
    '--include',
  );
  if (opened.status !== 0) return opened;
  const where = `${locationOf(opened)}${locationOf(opened).includes('?') ? '&' : '?'}digest=sha256:${hex}`;
  const file = join(topicHandlers.fixture.image.layout, 'blobs/sha256', hex);
  return curl(
    topicHandlers,
    where,
    '--upload-file',
    file,
    '--header',
    'Content-Type: application/octet-stream',
    '--header',
    'Expect:',
  );
}

export const CURL: ClientActions = {
  login: (topicHandlers) => curl(topicHandlers, '/v2/'),
  pull: (topicHandlers, target) =>
    concurrentForEach([
      () => curl(topicHandlers, manifestPath(target), '--header', `Accept: ${MANIFEST}`),
      () =>
        curl(
          topicHandlers,
          `/v2/${target.replace(/:.*/, '')}/blobs/${topicHandlers.fixture.image.layer}`,
          '--output',
          join(topicHandlers.fresh, 'layer'),
        ),
    ]),
  push: async (topicHandlers, target) => {
    const { layout, digest } = topicHandlers.fixture.image;
    const manifest = digest.slice(7);
    const blobs = (await blobsOf(layout)).filter((hex) => hex !== manifest);
    const type = ['--header', `Content-Type: ${MANIFEST}`];
    return concurrentForEach([
      ...blobs.map((hex) => () => sendBlob(topicHandlers, target, hex)),
      () =>
        curl(
          topicHandlers,
          manifestPath(target),
          '--upload-file',
          join(layout, 'blobs/sha256', manifest),
          ...type,
          '--header',
          'Expect:',
        ),
    ]);
  },
  remove: ({ fixture, ...topicHandlers }, target) =>
    curl(
      { fixture, ...topicHandlers },
      `/v2/${target.replace(/:.*/, '')}/manifests/${fixture.image.digest}`,
      '--request',
      'DELETE',
    ),
  catalog: (topicHandlers) => curl(topicHandlers, '/v2/_catalog'),
};
