import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { connect, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { join } from 'node:path';
import { initCertificates } from '../../../src/pki/authority/init-certificates.ts';
import { temporaryFolder } from '../../support/programs.ts';

/** What a test has opened; everything is closed after it. */
export class Opened {
  readonly #closing: (() => unknown)[] = [];

  /** Begins to listen, and resolves to the port. */
  async listen(server: NetServer): Promise<number> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#closing.push(() => server.close());
    server.on('connection', (socket: Socket) => this.#follow(socket));
    return (server.address() as AddressInfo).port;
  }

  /** A TCP connection to the port. */
  connect(port: number): Socket {
    return this.#follow(connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
  }

  /** A TLS connection to the port, before its handshake. */
  connectTls(port: number): TLSSocket {
    return this.#follow(connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }));
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0).toReversed()) await close();
  }

  #follow<T extends Socket>(socket: T): T {
    this.#closing.push(() => socket.destroy());
    socket.on('error', () => undefined);
    return socket;
  }
}

/** An HTTPS server with a certificate of its own, not yet listening. */
export async function httpsServer(): Promise<Server> {
  const folder = await temporaryFolder('node');
  await initCertificates({ directory: folder.path, hosts: ['127.0.0.1'], now: new Date() });
  const [cert, key] = await Promise.all(
    ['domain.crt', 'domain.key'].map((name) => readFile(join(folder.path, name))),
  );
  await folder.close();
  return createServer({ cert, key });
}

/** Lets everything happen that is due. */
export async function turns(count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
}
