import type { StoreContent, SystemLayout, TrustRequest, TrustStore } from '../store.ts';
import { systemContent } from '../systems/system.ts';
import { inProfile, profileNote } from './profile.ts';

const BUNDLES: Readonly<Record<SystemLayout, string>> = {
  debian: '/etc/ssl/certs/ca-certificates.crt',
  redhat: '/etc/pki/tls/certs/ca-bundle.crt',
  arch: '/etc/ssl/certs/ca-certificates.crt',
  suse: '/etc/ssl/ca-bundle.pem',
  bundle: '/etc/ssl/certs/ca-certificates.crt',
};

/**
 * Python of the distribution reads the store of the system. Others (pyenv, conda, uv) and requests and pip in virtual
 * environments bring a list of their own, which these variables replace as a whole.
 */
export const PYTHON: TrustStore = {
  writer: 'root',
  signs: { programs: ['python3', 'python'] },
  content: pythonContent,
};

function pythonContent(request: TrustRequest): StoreContent {
  const system = systemContent(request, 'python');
  const bundle = BUNDLES[request.machine.layout];
  const names = ['SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'PIP_CERT'];
  return {
    ...system,
    shared: [
      ...(system.shared ?? []),
      inProfile(
        'python',
        request,
        names.map((name) => [name, bundle] as const),
      ),
    ],
    notes: [
      profileNote(`${names.join(', ')}=${bundle}`),
      'This machine now trusts the CA for every name that it signs, not only for the registry.',
    ],
    undoNotes: [],
  };
}
