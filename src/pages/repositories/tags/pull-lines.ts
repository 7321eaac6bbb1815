import type { ArtifactKind } from './artifact-kind.ts';

/** How something is fetched with one tool. */
export interface PullTool {
  /** Also the id of its tab. */
  readonly tool: 'docker' | 'podman' | 'containerd' | 'helm' | 'oras' | 'cosign';
  readonly lines: readonly string[];
}

export interface Pulled {
  /** Host and repository: `registry.lan/team/app`. */
  readonly name: string;
  readonly tag: string;
  readonly digest: string | undefined;
  readonly kind: ArtifactKind;
  /** Whether somebody signed it with cosign. */
  readonly isSigned: boolean;
}

/** The lines that fetch it, for each tool that can. */
export function pullLines({ name, tag, digest, kind, isSigned }: Pulled): readonly PullTool[] {
  const image = `${name}:${tag}`;
  const verify: readonly PullTool[] =
    isSigned && digest !== undefined
      ? [{ tool: 'cosign', lines: [`cosign verify --key cosign.pub ${name}@${digest}`] }]
      : [];
  if (kind === 'chart')
    return [
      { tool: 'helm', lines: [`helm pull oci://${name} --version ${versionOf(tag)}`] },
      { tool: 'oras', lines: [`oras pull ${image}`] },
      ...verify,
    ];
  if (kind !== 'image') return [{ tool: 'oras', lines: [`oras pull ${image}`] }, ...verify];
  return [
    { tool: 'docker', lines: [`docker pull ${image}`] },
    { tool: 'podman', lines: [`podman pull ${image}`] },
    {
      tool: 'containerd',
      lines: [`nerdctl pull ${image}`, `ctr images pull --hosts-dir /etc/containerd/certs.d ${image}`],
    },
    { tool: 'oras', lines: [`oras copy ${image} --to-oci-layout ${lastPart(name)}:${tag}`] },
    ...verify,
  ];
}

/** Helm writes `+` of a version as `_`, which tags may hold (Helm: "OCI-based registries"). */
function versionOf(tag: string): string {
  return tag.replaceAll('_', '+');
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
