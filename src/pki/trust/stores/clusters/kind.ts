import { join } from 'node:path';
import { hostsToml } from '../engines/containerd.ts';
import { fileName, ownFolder, registryName, type StoreCommand, type TrustStore } from '../store.ts';

/** In the nodes of kind; containerd there reads it by default since kind 0.27. */
const NODE_FOLDER = '/etc/containerd/certs.d';

/** Each takes our folder and the folder in the nodes. Nodes are containers: https://kind.sigs.k8s.io/docs/user/local-registry/. */
const COPY = `for node in $(kind get nodes -A); do
  docker exec "$node" mkdir -p "$2"
  for file in ca.crt hosts.toml; do docker exec -i "$node" cp /dev/stdin "$2/$file" < "$1/$file"; done
done`;
const COMPARE = `for node in $(kind get nodes -A); do
  for file in ca.crt hosts.toml; do docker exec -i "$node" cmp -s - "$2/$file" < "$1/$file"; done
done`;
const REMOVE = `for node in $(kind get nodes -A); do docker exec "$node" rm -rf "$2"; done`;

/** The nodes of kind clusters on this machine. */
export const KIND: TrustStore = {
  writer: 'both',
  platforms: ['linux', 'darwin'],
  signs: { programs: ['kind'] },
  content: ({ endpoint, authority, machine }) => {
    const folder = join(ownFolder(machine), 'kind', fileName(endpoint));
    const inNode = `${NODE_FOLDER}/${registryName(endpoint)}`;
    const script = (text: string): StoreCommand => ['sh', '-euc', text, 'sh', folder, inNode];
    return {
      files: [
        { path: join(folder, 'ca.crt'), content: authority },
        { path: join(folder, 'hosts.toml'), content: hostsToml(registryName(endpoint), `${inNode}/ca.crt`) },
      ],
      programs: [{ install: script(COPY), undo: script(REMOVE), probe: script(COMPARE) }],
      notes: [
        `A cluster that is made later needs it again. With kind before 0.27, make clusters with containerdConfigPatches that set config_path = "${NODE_FOLDER}".`,
      ],
    };
  },
};
