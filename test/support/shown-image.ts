import { expect } from 'vitest';
import type { Engine } from './engine.ts';
import { images } from './images-command.ts';

/** An object of JSON, as `inspect` and `history` print it. */
export type Shown = Readonly<Record<string, unknown>>;

/** What `images inspect` prints, as far as a comparison reads it. */
interface ShownHere extends Shown {
  readonly Id: string;
  readonly Created: string;
  readonly Config: Shown | null;
  readonly RootFS: { readonly Layers: readonly string[] };
  readonly Manifest: Descriptor & { readonly MediaType: string; readonly PullSize: number };
  readonly Index?: Descriptor & { readonly MediaType: string };
  readonly RepoTags: readonly string[];
}

interface Descriptor {
  readonly Digest: string;
  readonly Size: number;
}

interface Step {
  readonly created: string | null;
  readonly createdBy: string;
  readonly comment: string;
  readonly diffId: string | null;
  readonly empty: boolean;
}

/**
 * How engines differ in what they print of the same image: Docker 20.10 prints every key; Docker 28 leaves out those that
 * only the classic builder filled; with containerd's store an image is its manifest or index, not its config.
 */
export type EngineStyle = 'docker 20.10' | 'docker 28' | 'containerd store';

/** Keys of ours alone. */
const OURS = ['Manifest', 'Index', 'Layers', 'Annotations', 'Referrers'];
/** What the classic builder left in an image, which Docker 28 does not print. */
const OF_CLASSIC_BUILDER = ['Container', 'ContainerConfig'];
/** Members of a config that are of containers rather than of images; Docker 28 does not print them. */
const OF_CONTAINERS = [
  'Hostname',
  'Domainname',
  'AttachStdin',
  'AttachStdout',
  'AttachStderr',
  'Tty',
  'OpenStdin',
  'StdinOnce',
  'Image',
];
/** What Docker 20.10 prints of a config that says nothing. */
const NO_CONFIG: Shown = {
  Hostname: '',
  Domainname: '',
  User: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: null,
  Cmd: null,
  Image: '',
  Volumes: null,
  WorkingDir: '',
  Entrypoint: null,
  OnBuild: null,
  Labels: null,
};

/** What Docker 20.10 prints of a date that an image does not have. */
const UNKNOWN = '0001-01-01T00:00:00Z';
const EXISTS: unknown = expect.anything();
const MOMENT: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
const BLOCKS: unknown = expect.stringMatching(/^\d+$/);

/** What both print of one image, its `inspect` and its `history`, each as the engine prints it. */
interface Compared {
  readonly theirs: { readonly inspect: unknown; readonly history: unknown };
  /** What `images` prints, with what differs on purpose put in as the engine has it. */
  readonly ours: { readonly inspect: unknown; readonly history: unknown };
}

/** Reads an image that an engine has loaded and a registry holds under the same name. */
export async function compareShown(engine: Engine, style: EngineStyle, image: string): Promise<Compared> {
  const inspected = (await engine.must(['image', 'inspect', image])).trim();
  const lines = await engine.must(
    ['image', 'history', '--no-trunc', '--human=false', '--format', '{{json .}}', image],
    { env: { TZ: 'UTC' } },
  );
  const theirs = {
    inspect: JSON.parse(inspected) as unknown,
    history: lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown),
  };
  const [ours] = JSON.parse(await images('inspect', image, '--plain-http')) as readonly [ShownHere];
  const steps = JSON.parse(await images('history', image, '--json', '--plain-http')) as readonly Step[];
  const sizes = style === 'containerd store' ? undefined : await sizesOfFiles(image, ours);
  const inspect = [inspectAs(style, ours, sizes)];
  return { theirs, ours: { inspect, history: historyAs(style, ours, steps, sizes) } };
}

/** Bytes of the files of each layer, by its diff ID. */
type Sizes = ReadonlyMap<string, number>;

/**
 * The classic store counts what lies in the folder of a layer (moby: daemon/internal/directory, "Size"): the bytes of
 * each file, and of a symbolic link the letters of its target. A hard link is the same file.
 */
async function sizesOfFiles(image: string, { RootFS: { Layers: layers } }: ShownHere): Promise<Sizes> {
  const sizes = new Map<string, number>();
  for (const [at, diffId] of layers.entries()) {
    const lines = await images('files', image, '--layer', `${at + 1}`, '--json', '--plain-http');
    const files = lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Shown)
      .filter((file) => file['hardLinkTo'] === undefined);
    const sum = files.reduce(
      (total, file) => total + Number(file['size'] ?? Buffer.byteLength(String(file['target'] ?? ''))),
      0,
    );
    sizes.set(diffId, sum);
  }
  return sizes;
}

function inspectAs(style: EngineStyle, ours: ShownHere, sizes: Sizes | undefined): Shown {
  const printed = without(ours, OURS);
  const size = ours.RootFS.Layers.reduce((sum, diffId) => sum + (sizes?.get(diffId) ?? 0), 0);
  // It knows of no registry that has the image. The driver is the daemon's own.
  const classic = { RepoDigests: [], Size: size, GraphDriver: EXISTS };
  if (style === 'docker 20.10')
    return { Container: '', ContainerConfig: NO_CONFIG, ...printed, ...classic, VirtualSize: size };
  const newer = {
    ...without(printed, [...OF_CLASSIC_BUILDER, ...(ours.Created === UNKNOWN ? ['Created'] : [])]),
    Config: without(ours.Config ?? NO_CONFIG, OF_CONTAINERS),
  };
  return style === 'docker 28' ? { ...newer, ...classic } : { ...newer, ...inContainerd(ours) };
}

/** Containerd counts what it stores: index, manifest, config and layers as they are. */
function inContainerd({ Manifest, Index, RepoTags: [name = ''] }: ShownHere): Shown {
  const root = Index ?? Manifest;
  const annotations = {
    'io.containerd.image.name': name,
    'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
  };
  return {
    Id: root.Digest,
    Descriptor: { mediaType: root.MediaType, digest: root.Digest, size: root.Size, annotations },
    Size: Manifest.PullSize + Manifest.Size + (Index?.Size ?? 0),
    GraphDriver: EXISTS,
    Metadata: { LastTagTime: MOMENT },
  };
}

/** Docker prints no fractions of seconds, no tabs, and no layers of which the history does not tell. */
function historyAs(
  style: EngineStyle,
  ours: ShownHere,
  steps: readonly Step[],
  sizes: Sizes | undefined,
): readonly Shown[] {
  const id = style === 'containerd store' ? (ours.Index ?? ours.Manifest).Digest : ours.Id;
  const told = steps.filter(({ created }) => created !== null);
  return told.map(({ created, createdBy, comment, diffId, empty }, at) => {
    const moment = String(created).replace(/\.\d+/, '');
    // Containerd counts the blocks that a layer takes on the disk.
    const size = empty || sizes !== undefined ? `${sizes?.get(diffId ?? '') ?? 0}` : BLOCKS;
    const dates = { CreatedAt: moment, CreatedSince: moment };
    const command = createdBy.replaceAll('\t', ' ');
    return { ID: at === 0 ? id : '<missing>', ...dates, CreatedBy: command, Comment: comment, Size: size };
  });
}

function without(shown: Shown, names: readonly string[]): Shown {
  return Object.fromEntries(Object.entries(shown).filter(([name]) => !names.includes(name)));
}
