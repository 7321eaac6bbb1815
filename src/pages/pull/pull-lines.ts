import { isTag } from '../../oci/request/route.ts';

/** How something is fetched with one tool. */
export interface PullTool {
  /** Also the id of its tab. */
  readonly tool: 'docker' | 'podman' | 'containerd' | 'helm' | 'oras' | 'cosign';
  readonly lines: readonly string[];
}

export interface Pulled {
  /** Host and repository: `registry.lan/team/app`. */
  readonly name: string;
  /** A tag or a digest. */
  readonly reference: string;
  readonly kind: 'image' | 'chart' | 'artifact';
  /** The digest that cosign has signed, of the thing itself or of what it is a signature of. Undefined where it has not. */
  readonly signed: string | undefined;
}

/** The lines that fetch it, for each tool that can, and the line that verifies its signature. */
export function pullLines(pulled: Pulled): readonly PullTool[] {
  const { name, signed } = pulled;
  const verify: PullTool = { tool: 'cosign', lines: [`cosign verify --key cosign.pub ${name}@${signed}`] };
  return [...LINES[pulled.kind](pulled), ...(signed === undefined ? [] : [verify])];
}

const LINES: Readonly<Record<Pulled['kind'], (pulled: Pulled) => readonly PullTool[]>> = {
  image: (pulled) => {
    const image = imageOf(pulled);
    return [
      { tool: 'docker', lines: [`docker pull ${image}`] },
      { tool: 'podman', lines: [`podman pull ${image}`] },
      {
        tool: 'containerd',
        lines: [`nerdctl pull ${image}`, `ctr images pull --hosts-dir /etc/containerd/certs.d ${image}`],
      },
      { tool: 'oras', lines: [`oras copy ${image} --to-oci-layout ${layoutOf(pulled)}`] },
    ];
  },
  chart: (pulled) => {
    const { name, reference } = pulled;
    // Helm finds a chart by its version.
    const helm: readonly PullTool[] = isTag(reference)
      ? [{ tool: 'helm', lines: [`helm pull oci://${name} --version ${versionOf(reference)}`] }]
      : [];
    return [...helm, ...LINES.artifact(pulled)];
  },
  artifact: (pulled) => [{ tool: 'oras', lines: [`oras pull ${imageOf(pulled)}`] }],
};

function imageOf({ name, reference }: Pulled): string {
  return `${name}${isTag(reference) ? ':' : '@'}${reference}`;
}

/** A folder of the last part of the name, with the tag of it. */
function layoutOf({ name, reference }: Pulled): string {
  const folder = name.slice(name.lastIndexOf('/') + 1);
  return isTag(reference) ? `${folder}:${reference}` : folder;
}

/** Helm writes `+` of a version as `_`, which tags may hold (Helm: "OCI-based registries"). */
function versionOf(tag: string): string {
  return tag.replaceAll('_', '+');
}
