import { Command } from 'commander';
import { readFile } from '../../../images/layers/image-files.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { addLayersOptions, pathOfArgument, withLayers, type LayersOptions } from './layers-options.ts';

const DETAILS = `
Symbolic links are followed inside the image, as in a container. Layers are read from the top down until one of them
has the answer, and nothing is kept on disk. A byte of a name that is not UTF-8 is written \\xff, as files prints it.`;

/** `images cat`: prints a file of an image. */
export function catCommand(terminal: Terminal): Command {
  const command = new Command('cat')
    .description('Print a file of an image, without a pull.')
    .argument(
      '<image>',
      'An image of a registry, or of an archive: oci-archive:FILE, docker-archive:FILE, oci:DIR, -',
    )
    .argument('<path>', 'The path of the file in the image.')
    .addHelpText('after', DETAILS);
  return addLayersOptions(command).action(async (image: string, path: string, options: LayersOptions) =>
    withLayers(image, options, terminal, async (layers, reading) => {
      for await (const piece of readFile(layers, pathOfArgument(path), reading)) {
        terminal.outBytes(piece);
        if ((await terminal.outTaken?.()) === false) break;
      }
    }),
  );
}
