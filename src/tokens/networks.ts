import { BlockList, isIP } from 'node:net';

const BITS = { ipv4: 32, ipv6: 128 } as const;

type Family = keyof typeof BITS;
type Lists = Readonly<Record<Family, BlockList>>;

/** Tells whether an address lies in one of the networks; with no network, every address does. */
export function createNetworkCheck(networks: readonly string[]): (address: string) => boolean {
  if (networks.length === 0) return () => true;
  // One list for both would find every IPv4 address in `::/0`, as its mapped form.
  const lists: Lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const network of networks) add(lists, network);
  return (address) => {
    const plain = unmapped(address).replace(/%.*$/, '');
    const family = familyOf(plain);
    return family !== undefined && lists[family].check(plain, family);
  };
}

/** One that can't be read lets nobody in. */
function add(lists: Lists, network: string): void {
  const [address = '', bits, ...rest] = network.split('/');
  const plain = bits === undefined ? unmapped(address) : address;
  const family = familyOf(plain);
  if (family === undefined || rest.length > 0) return;
  if (bits === undefined) lists[family].addAddress(plain, family);
  else if (/^\d{1,3}$/.test(bits) && Number(bits) <= BITS[family]) {
    lists[family].addSubnet(plain, Number(bits), family);
  }
}

/** An IPv4 address as a dual-stack socket shows it, in its own form. */
function unmapped(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

function familyOf(address: string): Family | undefined {
  const version = isIP(address);
  if (version === 0) return undefined;
  return version === 4 ? 'ipv4' : 'ipv6';
}
