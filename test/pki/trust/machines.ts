import type { ClientMachine } from '../../../src/pki/trust/stores/store.ts';

/** A Debian machine as root sees it, with the home folder below its root. */
export function rootMachine(root = '/', change: Partial<ClientMachine> = {}): ClientMachine {
  const home = `${root.replace(/\/$/, '')}/root`;
  return {
    platform: 'linux',
    root,
    isRoot: true,
    home,
    configHome: `${home}/.config`,
    dockerConfig: `${home}/.docker`,
    runtimeFolder: undefined,
    layout: 'debian',
    programFolders: [],
    nssFolders: [],
    ...change,
  };
}

/** The same machine as a user sees it. */
export function userMachine(home: string, change: Partial<ClientMachine> = {}): ClientMachine {
  return rootMachine('/', {
    isRoot: false,
    home,
    configHome: `${home}/.config`,
    dockerConfig: `${home}/.docker`,
    ...change,
  });
}
