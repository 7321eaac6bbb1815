import { BlockList, isIP } from 'node:net';

const BITS = { ipv4: 32, ipv6: 128 } as const;

/** Tells whether an address lies in one of the networks; with no network, every address does. */
export function createNetworkCheck(networks: readonly string[]): (address: string) => boolean {
  if (networks.length === 0) return () => true;
  const list = new BlockList();
  for (const network of networks) add(list, network);
  return (address) => {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
    const family = isIP(plain);
    return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  };
}

/** One that can't be read lets nobody in. */
function add(list: BlockList, network: string): void {
  const [address = '', bits, ...rest] = network.split('/');
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  if (isIP(address) === 0 || rest.length > 0) return;
  if (bits === undefined) list.addAddress(address, family);
  else if (/^\d{1,3}$/.test(bits) && Number(bits) <= BITS[family]) {
    list.addSubnet(address, Number(bits), family);
  }
}
