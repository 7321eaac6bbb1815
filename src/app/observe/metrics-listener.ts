import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MetricsAddress } from '../../config/values/metrics-address.ts';
import { AppError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import { respond } from '../../oci/respond.ts';
import type { MetricsPage } from '../../observe/metrics/page.ts';
import { close, listen } from '../../http/listener/listen.ts';

interface MetricsListenerOptions {
  readonly place: MetricsAddress;
  readonly page: () => Promise<MetricsPage>;
  readonly logger: Logger;
}

export interface MetricsListener {
  readonly address: AddressInfo;
  /** Closes at once, without waiting for a page. */
  close(): Promise<void>;
}

/** Enough for a few monitors, and few enough to bound the memory. */
const CONNECTIONS = 32;
const REQUEST_MS = 10_000;

/**
 * Serves `/metrics` over plain HTTP on a port of its own, so that the public port has no page that must be hidden. Requests
 * that come while a page is made share that page. Rejects with AppError LISTEN_FAILED.
 */
export async function openMetricsListener(options: MetricsListenerOptions): Promise<MetricsListener> {
  const { place, logger } = options;
  const page = oneForAll(options.page);
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, connectionsCheckingInterval: REQUEST_MS / 2 },
    (req, res) => void answer(req, res, page, logger),
  );
  server.maxConnections = CONNECTIONS;
  await listen(server, { ...place, flag: '--metrics' }, logger);
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new AppError('LISTEN_FAILED', { message: `Can't listen on ${place.host}:${place.port}.` });
  return {
    address,
    close: async () => {
      const closed = close(server);
      server.closeAllConnections();
      await closed;
    },
  };
}

function oneForAll(page: () => Promise<MetricsPage>): () => Promise<MetricsPage> {
  let running: Promise<MetricsPage> | undefined;
  return () => (running ??= page().finally(() => (running = undefined)));
}

async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  page: () => Promise<MetricsPage>,
  logger: Logger,
): Promise<void> {
  // No client has a reason to send a body: one that comes ends the connection.
  if (req.headers['content-length'] !== undefined || req.headers['transfer-encoding'] !== undefined)
    res.setHeader('Connection', 'close');
  const isRead = req.method === 'GET' || req.method === 'HEAD';
  if (!isRead || req.url !== '/metrics') {
    send(res, 404, { contentType: 'text/plain; charset=utf-8', text: 'Only GET /metrics is here.\n' });
    return;
  }
  try {
    send(res, 200, await page());
  } catch (error) {
    logger.error({ error: error instanceof Error ? error.stack : 'not an error' }, 'no page of metrics');
    send(res, 500, { contentType: 'text/plain; charset=utf-8', text: 'No page: see the log of the gate.\n' });
  }
}

function send(res: ServerResponse, status: number, { contentType, text }: MetricsPage): void {
  respond(res, { status, type: contentType, body: text });
}
