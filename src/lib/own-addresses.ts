import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';

/** The addresses of this machine, of all its interfaces. */
export function ownAddresses(): readonly NetworkInterfaceInfo[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
}

/** Whether an address or a name is one of this machine. A name other than localhost is not looked up. */
export function isThisMachine(host: string): boolean {
  if (host === 'localhost' || host.startsWith('127.') || host === '::1') return true;
  return ownAddresses().some(({ address }) => address === host);
}
