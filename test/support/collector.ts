import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A span as it travels by OTLP in JSON. */
export interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** 2 is a server, 3 a client. */
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly status: { readonly code?: number };
}

interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: Pick<SentSpan, 'attributes'>;
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
}

export interface Collector {
  readonly url: string;
  readonly spans: readonly SentSpan[];
  /** Attributes of what sent the spans. */
  readonly resource: Readonly<Record<string, unknown>>;
  /** Paths that were posted to. */
  readonly paths: readonly string[];
  /** From now on answers with this status. */
  answer(status: number): void;
  close(): Promise<void>;
}

/** Receives traces as a collector of OpenTelemetry does: OTLP over HTTP, in JSON. */
export async function startCollector(): Promise<Collector> {
  const spans: SentSpan[] = [];
  const paths: string[] = [];
  const resource: Record<string, unknown> = {};
  let status = 200;
  const server = createServer((req, res) => {
    paths.push(req.url ?? '');
    void text(req).then((body) => {
      const sent: Sent = JSON.parse(body);
      for (const one of sent.resourceSpans) {
        Object.assign(resource, attributesOf(one.resource));
        if (status === 200) spans.push(...one.scopeSpans.flatMap((scope) => scope.spans));
      }
      res.writeHead(status, { 'Content-Type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1/traces`,
    spans,
    paths,
    resource,
    answer: (next) => {
      status = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The attributes as a record; whole numbers travel as text. */
export function attributesOf({
  attributes,
}: Pick<SentSpan, 'attributes'>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value['intValue'] === undefined
        ? (value['stringValue'] ?? value['doubleValue'])
        : Number(value['intValue']),
    ]),
  );
}
