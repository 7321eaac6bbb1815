import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { must, startDaemon, temporaryFolder, until, type Daemon, type Folder } from '../support/programs.ts';
import { startRegistry } from '../support/registry.ts';

/** A request as a server has understood it. */
export interface Understood {
  readonly line: string;
  /** What the gate called it, where this server can be told to log a header. */
  readonly id: string | undefined;
}

export interface LoggingBackend {
  readonly url: string;
  /** Stops it, so that its log is whole; what stands in it, in the order of the log. */
  finish(): Promise<readonly Understood[]>;
}

export interface BackendKind {
  readonly name: string;
  readonly programs: readonly string[];
  /** Whether the log says what the gate called each request. */
  readonly hasIds: boolean;
  start(): Promise<LoggingBackend>;
}

/** Lenient and strict servers of the world, each with a log of what it took for a request. */
export const LOGGING_BACKENDS: readonly BackendKind[] = [
  { name: 'nginx', programs: ['nginx'], hasIds: true, start: startNginx },
  { name: 'haproxy', programs: ['haproxy'], hasIds: true, start: startHaproxy },
  { name: 'apache2', programs: ['apache2'], hasIds: true, start: startApache },
  { name: 'caddy', programs: ['caddy'], hasIds: true, start: startCaddy },
  { name: 'docker-registry', programs: ['docker-registry'], hasIds: false, start: startDistribution },
  { name: 'python', programs: ['python3'], hasIds: false, start: startPython },
];

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Lines of the log of these servers: the request line, a tab, the id. */
function readLines(text: string): readonly Understood[] {
  return text
    .split('\n')
    .filter((line) => line.includes('\t'))
    .map((line) => {
      const [request = '', id = ''] = line.split('\t');
      return { line: request.replace(/^"|"$/g, ''), id: /^[0-9a-z-]{4,}$/i.test(id) ? id : undefined };
    });
}

interface Started {
  readonly daemon: Daemon;
  readonly port: number;
  readonly folder: Folder;
  readonly read: () => Promise<readonly Understood[]>;
}

async function follow({ daemon, port, folder, read }: Started): Promise<LoggingBackend> {
  const url = `http://127.0.0.1:${port}`;
  await until(
    () =>
      fetch(`${url}/`).then(
        () => true,
        () => undefined,
      ),
    () => `nothing listens on ${port}: ${daemon.log.join('\n')}`,
  );
  return {
    url,
    finish: async () => {
      await daemon.close();
      const understood = await read();
      await folder.close();
      // Our own question above.
      return understood.filter(({ line }) => !line.startsWith('GET / '));
    },
  };
}

async function startNginx(): Promise<LoggingBackend> {
  const folder = await temporaryFolder('nginx');
  const port = await freePort();
  const log = join(folder.path, 'access.log');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder.path}/${name};`,
  );
  await writeFile(
    join(folder.path, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${folder.path}/pid; error_log ${folder.path}/error.log;
    events {}
    http {
      ${temporary.join(' ')}
      log_format requests '$request\t$http_x_request_id';
      access_log ${log} requests;
      client_max_body_size 0;
      server { listen 127.0.0.1:${port}; location / { return 200 '{}'; } }
    }`,
  );
  const daemon = startDaemon('nginx', ['-e', 'stderr', '-c', join(folder.path, 'nginx.conf')]);
  return follow({ daemon, port, folder, read: async () => readLines(await readFile(log, 'utf8')) });
}

async function startHaproxy(): Promise<LoggingBackend> {
  const folder = await temporaryFolder('haproxy');
  const port = await freePort();
  const config = join(folder.path, 'haproxy.cfg');
  await writeFile(
    config,
    `global
  tune.http.logurilen 65535
  log stdout len 65535 format raw local0
defaults
  mode http
  log global
  option http-buffer-request
  timeout client 10s
  timeout connect 10s
  timeout server 10s
  timeout http-request 10s
frontend requests
  bind 127.0.0.1:${port}
  http-request capture req.hdr(x-request-id) len 64
  log-format "%{+Q}r\t%[capture.req.hdr(0)]\t%ts"
  http-request return status 200 content-type application/json string "{}"
`,
  );
  const daemon = startDaemon('haproxy', ['-f', config, '-db']);
  // A connection that ended before a whole request was there has a line too (CR), as if it were one.
  const isRequest = (line: string): boolean => !line.endsWith('\tCR');
  const read = async (): Promise<readonly Understood[]> => readLines(daemon.log.filter(isRequest).join('\n'));
  return follow({ daemon, port, folder, read });
}

async function startApache(): Promise<LoggingBackend> {
  const folder = await temporaryFolder('apache');
  const port = await freePort();
  const config = join(folder.path, 'apache.conf');
  const log = join(folder.path, 'access.log');
  const modules = ['mpm_event', 'authz_core'].map(
    (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`,
  );
  await writeFile(
    config,
    `ServerRoot ${folder.path}
ServerName localhost
PidFile ${folder.path}/pid
Mutex file:${folder.path} default
Listen 127.0.0.1:${port}
${modules.join('\n')}
DocumentRoot ${folder.path}
ErrorLog ${folder.path}/error.log
LogFormat "%r\t%{X-Request-Id}i" requests
CustomLog ${log} requests
`,
  );
  const daemon = startDaemon('apache2', ['-f', config, '-DFOREGROUND']);
  return follow({ daemon, port, folder, read: async () => readLines(await readFile(log, 'utf8')) });
}

async function startCaddy(): Promise<LoggingBackend> {
  const folder = await temporaryFolder('caddy');
  const port = await freePort();
  const config = join(folder.path, 'Caddyfile');
  const log = join(folder.path, 'access.log');
  await writeFile(
    config,
    `{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
  log {
    output file ${log}
    format json
  }
  respond "{}" 200
}
`,
  );
  const env = { HOME: folder.path, XDG_DATA_HOME: folder.path, XDG_CONFIG_HOME: folder.path };
  const daemon = startDaemon('caddy', ['run', '--config', config, '--adapter', 'caddyfile'], { env });
  return follow({ daemon, port, folder, read: async () => readCaddy(await readFile(log, 'utf8')) });
}

interface CaddyLine {
  readonly request?: {
    readonly method: string;
    readonly uri: string;
    readonly proto: string;
    readonly headers?: Readonly<Record<string, readonly string[]>>;
  };
}

function readCaddy(text: string): readonly Understood[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .flatMap((line) => {
      const { request } = JSON.parse(line) as CaddyLine;
      if (request === undefined) return [];
      const { method, uri, proto, headers } = request;
      return [{ line: `${method} ${uri} ${proto}`, id: headers?.['X-Request-Id']?.[0] }];
    });
}

/** Where a log has the request line in quotes, as the Common Log Format has it. */
function readQuoted(lines: readonly string[]): readonly Understood[] {
  return lines.flatMap((line) => {
    const [, request] = /"((?:[^"\\]|\\.)*HTTP\/\d\.\d)" \d{3} /.exec(line) ?? [];
    return request === undefined ? [] : [{ line: request, id: undefined }];
  });
}

async function startDistribution(): Promise<LoggingBackend> {
  const registry = await startRegistry();
  return {
    url: registry.url,
    finish: async () => {
      await registry.close();
      return readQuoted(registry.log);
    },
  };
}

async function startPython(): Promise<LoggingBackend> {
  const folder = await temporaryFolder('python');
  const port = await freePort();
  const python = await must('python3', ['-c', 'import sys; print(sys.executable)']);
  const args = ['-u', '-m', 'http.server', '--bind', '127.0.0.1', '--protocol', 'HTTP/1.1', `${port}`];
  const daemon = startDaemon(python, args, { cwd: folder.path });
  return follow({ daemon, port, folder, read: async () => readQuoted(daemon.log) });
}
