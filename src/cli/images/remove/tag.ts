import { Command } from 'commander';
import { isTag, parseImageName, renderImageName, type ImageName } from '../../../images/name/image-name.ts';
import { hostPlatform } from '../../../images/model/host-platform.ts';
import { tagImage, tagImageIn } from '../../../images/remove/tag-image.ts';
import { AppError } from '../../../lib/errors.ts';
import { printableJson } from '../../../lib/printable.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { addConnectionOptions, type ConnectionOptions } from '../connection/connection-options.ts';
import type { Connections } from '../connection/connections.ts';
import { runConnected } from '../connection/run-connected.ts';

interface TagOptions extends ConnectionOptions {
  readonly json?: true;
}

/** What `--json` prints. */
interface Tagged {
  readonly image: string;
  readonly digest: string;
  /** What the tag named before; null for a new tag. */
  readonly before: string | null;
}

/** `images tag`: gives an image another tag in its registry. No layer is transferred. */
export function tagCommand(terminal: Terminal): Command {
  const command = new Command('tag')
    .description('Give an image another tag in its registry. No layer is transferred.')
    .argument('<SOURCE>', 'The image.')
    .argument('<NEWTAG>', 'A tag, or a full name in the same registry.')
    .option('--json', 'Print JSON.');
  return addConnectionOptions(command).action((source: string, newTag: string, options: TagOptions) =>
    runConnected(terminal, options, async (connections, signal) => {
      const tagged = await tag({ connections, signal }, source, newTag);
      if (options.json === true) terminal.out(`${printableJson(tagged, 2)}\n`);
      else terminal.err(`${sentence(tagged)}\n`);
    }),
  );
}

async function tag(
  { connections, signal }: { readonly connections: Connections; readonly signal: AbortSignal },
  text: string,
  newTag: string,
): Promise<Tagged> {
  const { source, reference = 'latest', location } = await connections.source(text);
  if (location.kind !== 'registry') throw notTaggable(text, newTag);
  const image = targetOf(location.image, newTag, connections.defaultRegistry);
  const manifest = await source.readManifest(reference);
  if (manifest === undefined) throw unknownImage(text, source.label);
  const repository = connections.repository(image);
  const name = image.tag ?? 'latest';
  const before =
    image.repository === location.image.repository
      ? await tagImage(repository, manifest, name)
      : await tagImageIn(repository, name, {
          source,
          reference: manifest.digest.text,
          host: hostPlatform(),
          signal,
        });
  return { image: renderImageName(image), digest: manifest.digest.text, before: before?.text ?? null };
}

/** A text without slash and colon is a tag. Throws AppError IMAGE_NAME_INVALID, USAGE. */
function targetOf(source: ImageName, newTag: string, byDefault: string): ImageName {
  if (isTag(newTag)) return { ...source, tag: newTag, digest: undefined };
  const image = parseImageName(newTag, byDefault);
  if (image.digest !== undefined || image.registry !== source.registry)
    throw notTaggable(renderImageName(source), newTag);
  return { ...image, tag: image.tag ?? 'latest' };
}

function sentence({ image, digest, before }: Tagged): string {
  if (before === digest) return `${image} was ${digest} already.`;
  return before === null ? `${image} is ${digest}.` : `${image} is ${digest}. It was ${before} before.`;
}

function notTaggable(source: string, newTag: string): AppError {
  return new AppError('USAGE', {
    message: `${JSON.stringify(newTag)} is not a tag in the registry of ${JSON.stringify(source)}.`,
    hint: `To have the image elsewhere, copy it: registry-gate images copy ${source} ${newTag}`,
  });
}

function unknownImage(text: string, repository: string): AppError {
  return new AppError('IMAGE_UNKNOWN', {
    message: `There is no image ${text}.`,
    hint: `See the tags: registry-gate images tags ${repository}`,
  });
}
