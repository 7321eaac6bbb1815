import { createHash, randomBytes } from 'node:crypto';
import { Agent, request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Ask {
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Buffer | string;
  /** Send the body in chunks, without a length. */
  readonly chunked?: boolean;
}

export type Algorithm = 'sha256' | 'sha384' | 'sha512';

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
export const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
export const OCI_EMPTY = 'application/vnd.oci.empty.v1+json';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const ACCEPT = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST].join(', ');
const OCTETS = 'application/octet-stream';

export function digestOf(bytes: Buffer | string, algorithm: Algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** A registry as a client of the spec sees it. */
export class SpecClient {
  readonly url: string;
  readonly agent = new Agent({ keepAlive: true, maxSockets: 8 });

  constructor(url: string) {
    this.url = url;
  }

  close(): void {
    this.agent.destroy();
  }

  ask(method: string, path: string, { headers = {}, body, chunked = false }: Ask = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const length = body === undefined || chunked ? {} : { 'Content-Length': Buffer.byteLength(body) };
      const empty =
        body === undefined && method !== 'GET' && method !== 'HEAD' ? { 'Content-Length': 0 } : {};
      const req = request(new URL(path, this.url), {
        method,
        agent: this.agent,
        headers: { ...empty, ...length, ...headers },
      });
      req.on('error', reject);
      req.on('response', (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('error', reject);
        res.on('end', () =>
          resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(chunks) }),
        );
      });
      req.end(body);
    });
  }

  /** The answer, which has to have this status. */
  async expect(status: number, method: string, path: string, ask: Ask = {}): Promise<Answer> {
    const answer = await this.ask(method, path, ask);
    if (answer.status !== status) {
      throw new Error(
        `${method} ${path}: ${answer.status} instead of ${status}\n${answer.body.subarray(0, 500).toString()}`,
      );
    }
    return answer;
  }

  /** Begins an upload; resolves to its address. */
  async begin(repository: string, query = ''): Promise<string> {
    const answer = await this.expect(202, 'POST', `/v2/${repository}/blobs/uploads/${query}`);
    return locationOf(answer);
  }

  async patch(location: string, body: Buffer | string, range?: string): Promise<Answer> {
    const headers = { 'Content-Type': OCTETS, ...(range === undefined ? {} : { 'Content-Range': range }) };
    return this.ask('PATCH', location, { body, headers });
  }

  async put(location: string, digest: string, body?: Buffer | string): Promise<Answer> {
    const ask = body === undefined ? {} : { body, headers: { 'Content-Type': OCTETS } };
    return this.ask('PUT', withQuery(location, `digest=${digest}`), ask);
  }

  /** Pushes a blob with POST and PUT; resolves to its digest. */
  async blob(
    repository: string,
    bytes: Buffer | string = randomBytes(64),
    algorithm: Algorithm = 'sha256',
  ): Promise<string> {
    const digest = digestOf(bytes, algorithm);
    const answer = await this.put(await this.begin(repository), digest, bytes);
    if (answer.status !== 201) throw new Error(`push of a blob: ${answer.status} ${answer.body.toString()}`);
    return digest;
  }

  async manifest(repository: string, reference: string, { bytes, type }: Made, query = ''): Promise<Answer> {
    return this.ask('PUT', `/v2/${repository}/manifests/${reference}${query}`, {
      body: bytes,
      headers: { 'Content-Type': type },
    });
  }

  /** Pushes an image of one layer under a tag; resolves to its manifest. */
  async image(repository: string, tag: string, more: object = {}): Promise<Made> {
    const made = image(await this.blob(repository, '{}'), await this.blob(repository), more);
    const answer = await this.manifest(repository, tag, made);
    if (answer.status !== 201)
      throw new Error(`push of an image: ${answer.status} ${answer.body.toString()}`);
    return made;
  }
}

/** A manifest, ready to be pushed. */
export interface Made {
  readonly bytes: string;
  readonly type: string;
  readonly digest: string;
  readonly size: number;
}

export function make(content: object, type: string, algorithm: Algorithm = 'sha256'): Made {
  const bytes = JSON.stringify(content, undefined, 3);
  return { bytes, type, digest: digestOf(bytes, algorithm), size: Buffer.byteLength(bytes) };
}

export function image(config: string, layer: string | undefined, more: object = {}): Made {
  const layers = layer === undefined ? [] : [{ mediaType: OCI_LAYER, digest: layer, size: 64 }];
  const content = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, digest: config, size: 2 },
    layers,
    ...more,
  };
  return make(content, OCI_MANIFEST);
}

export function index(manifests: readonly Made[], more: object = {}): Made {
  const descriptors = manifests.map(({ type, digest, size }) => ({ mediaType: type, digest, size }));
  return make({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: descriptors, ...more }, OCI_INDEX);
}

export function locationOf({ headers }: Answer): string {
  if (headers.location === undefined) throw new Error('no Location');
  return headers.location;
}

export function withQuery(location: string, query: string): string {
  return `${location}${location.includes('?') ? '&' : '?'}${query}`;
}

export function codeOf({ body }: Answer): string {
  const parsed = JSON.parse(body.toString()) as { errors?: { code?: string }[] };
  return parsed.errors?.[0]?.code ?? '';
}

export function jsonOf<T>({ body }: Answer): T {
  return JSON.parse(body.toString()) as T;
}
