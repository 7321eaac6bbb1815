import { registryName } from '../pki/trust/stores/store.ts';
import { parseEndpoint, type Endpoint } from '../pki/x509/subject-names.ts';

/** A registry as a client is told of it. */
export interface Target {
  /** As it was typed: `registry.lan`, `https://registry.lan/`, `my_host:5000`. */
  readonly typed: string;
  /** How it stands in image names. */
  readonly registry: string;
  /** Undefined where the text names no host that clients take. */
  readonly endpoint: Endpoint | undefined;
  /** Why it does not, as the end of a sentence; empty where it does. */
  readonly fault: string;
  /** The host without port and brackets. */
  readonly host: string;
  readonly port: number;
}

/** Reads what was typed for a registry. */
export function readTarget(typed: string): Target {
  const endpoint = parseEndpoint(typed);
  if (endpoint.kind === 'invalid') {
    return { typed, registry: typed, endpoint: undefined, fault: endpoint.reason, host: '', port: 443 };
  }
  const { name, port = 443 } = endpoint;
  return { typed, registry: registryName(endpoint), endpoint, fault: '', host: name.value, port };
}

/** `https://registry.lan:5000`, the address by which the gate is asked. */
export function originOf({ registry }: Target): string {
  return `https://${registry}`;
}
