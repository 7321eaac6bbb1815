import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Config } from '../config/schema/schema.ts';
import { renderListenAddress } from '../config/values/listen-address.ts';
import { AppError, systemCode } from '../lib/errors.ts';
import { isInside, plainAddress, readNetworks } from '../lib/network.ts';

interface Asked {
  readonly status: number;
  /** The first line of the answer. */
  readonly words: string;
}

const TIMEOUT_MS = 5000;
const MOST_WORDS = 200;
/** A front that speaks for itself (the PROXY protocol, version 1). */
const FOR_ITSELF = 'PROXY UNKNOWN\r\n';

/**
 * Asks the gate that this configuration starts, from the machine or container that it runs on. Rejects with AppError
 * GATE_UNREACHABLE where nobody answers.
 */
export async function askOwnGate(
  config: Pick<Config, 'listen' | 'frontProxies'>,
  path: '/healthz' | '/readyz',
): Promise<Asked> {
  const address = config.listen.find(({ fd, port }) => fd === undefined && port !== 0);
  if (address === undefined) {
    throw new AppError('GATE_UNREACHABLE', {
      message: 'The configuration names no address to ask: it has a descriptor, or port 0.',
      hint: 'Name the address of the socket: registry-gate health --listen HOST:PORT',
    });
  }
  const wire = connect({ host: nearest(address.host), port: address.port, timeout: TIMEOUT_MS });
  try {
    return await ask(await secure(wire, config), path);
  } catch (error) {
    const reason = systemCode(error) ?? (error instanceof Error ? error.message : String(error));
    throw new AppError('GATE_UNREACHABLE', {
      message: `No gate answers at ${renderListenAddress(address)} (${reason}).`,
      hint: 'Give this command the same --config, flags and environment as the gate, and run it where the gate runs.',
      cause: error,
    });
  } finally {
    wire.destroy();
  }
}

/** A wildcard is no place to connect to. */
function nearest(host: string | undefined): string {
  if (host === undefined || host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

/** TLS to the gate, below which it is told who comes where it wants that said. */
async function secure(
  wire: Socket,
  { frontProxies: { networks, protocol } }: Pick<Config, 'frontProxies'>,
): Promise<Socket> {
  const trusted = readNetworks(networks);
  await happens(wire, 'connect');
  if (protocol === 'proxy-protocol' && isInside(plainAddress(wire.localAddress), trusted))
    wire.write(FOR_ITSELF);
  // It is asked by an address that its certificate may lack, and told nothing: what counts is that it answers.
  const socket = connectTls({ socket: wire, rejectUnauthorized: false });
  wire.on('timeout', () => socket.destroy(timedOut()));
  await happens(socket, 'secureConnect');
  return socket;
}

function happens(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, resolve).once('error', reject);
    socket.once('timeout', () => socket.destroy(timedOut()));
    socket.once('close', () => reject(new Error('the connection was closed')));
  });
}

function ask(socket: Socket, path: string): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'localhost', connection: 'close' };
    const sent = request({ createConnection: () => socket, path, headers, timeout: TIMEOUT_MS }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => {
        if (text.length < MOST_WORDS) text += chunk.toString('latin1');
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, words: firstLine(text) }));
      answer.on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(timedOut())).on('error', reject);
    sent.end();
  });
}

/** Another program may have the port: what it says is for a terminal. */
function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').slice(0, MOST_WORDS).replaceAll(/[^ -~]/g, '?');
}

function timedOut(): Error {
  return Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
}
