import { join } from 'node:path';
import { namesOf, MANIFEST_TYPE, PASSWORD, REPOSITORY, type Fixture, type UsersKind } from './fixture.ts';

/** Where a proxy stands: between this port and the registry at `backend` (`127.0.0.1:PORT`). */
export interface Place {
  readonly fixture: Fixture;
  /** Its own: logs, spools, configuration. */
  readonly folder: string;
  readonly port: number;
  readonly backend: string;
  readonly users: UsersKind;
}

/** nginx reads the tree of blobs and says what a registry would say. */
export function staticBackend({ fixture, folder, port }: Pick<Place, 'fixture' | 'folder' | 'port'>): string {
  const digestOf = `~^/v2/${REPOSITORY}/blobs/(sha256:[0-9a-f]+)$ $1;`;
  return nginx(folder, [
    `access_log off; open_file_cache max=100; map $uri $digest { default ''; ${digestOf} }`,
    `server { listen 127.0.0.1:${port} backlog=4096; root ${fixture.folder}/tree; keepalive_requests 1000000;`,
    `add_header Docker-Distribution-Api-Version registry/2.0; add_header Docker-Content-Digest $digest;`,
    `location = /v2/ { default_type application/json; return 200 '{}'; }`,
    `location ~ /manifests/ { default_type ${MANIFEST_TYPE}; }`,
    `location / { default_type application/octet-stream; } }`,
  ]);
}

/** The recipe that books and the registry's own documentation give. */
export function bookNginx(place: Place): string {
  const { folder, backend } = place;
  return nginx(folder, [
    `access_log ${folder}/access.log combined; keepalive_timeout 65;`,
    `upstream registry { server ${backend}; }`,
    `map $upstream_http_docker_distribution_api_version $version { '' 'registry/2.0'; }`,
    `server { ${listenOf(place)} client_max_body_size 0; chunked_transfer_encoding on;`,
    `location /v2/ {`,
    `if ($http_user_agent ~ "^(docker\\/1\\.(3|4|5(?!\\.[0-9]-dev))|Go ).*$") { return 404; }`,
    `${usersOf(place)} add_header Docker-Distribution-Api-Version $version always;`,
    `proxy_pass http://registry; ${FORWARDED} proxy_read_timeout 900; } }`,
  ]);
}

/** The same by somebody who knows nginx: connections to the registry are kept, nothing is spooled, the log is buffered. */
export function tunedNginx(place: Place): string {
  const { folder, backend } = place;
  return nginx(folder, [
    `access_log ${folder}/access.log combined buffer=64k flush=1s; keepalive_timeout 95;`,
    `keepalive_requests 1000000; open_file_cache max=100;`,
    `upstream registry { server ${backend}; keepalive 64; keepalive_requests 1000000; }`,
    `server { ${listenOf(place)} client_max_body_size 0; ssl_session_cache shared:s:10m;`,
    `location /v2/ { ${usersOf(place)} proxy_pass http://registry; ${FORWARDED}`,
    `proxy_http_version 1.1; proxy_set_header Connection ''; proxy_buffering off;`,
    `proxy_request_buffering off; proxy_read_timeout 900; } }`,
  ]);
}

/** Layers are kept on the disk: asked for again, they do not come from the registry. Nobody asks it whether it still has them. */
export function cachingNginx(place: Place): string {
  const { folder, backend } = place;
  return nginx(folder, [
    `access_log ${folder}/access.log combined buffer=64k flush=1s; keepalive_timeout 95;`,
    `keepalive_requests 1000000; open_file_cache max=100; output_buffers 2 512k;`,
    `proxy_cache_path ${folder}/cache levels=1:2 keys_zone=layers:10m max_size=20g inactive=7d use_temp_path=off;`,
    `upstream registry { server ${backend}; keepalive 64; keepalive_requests 1000000; }`,
    `server { ${listenOf(place)} client_max_body_size 0; ssl_session_cache shared:s:10m;`,
    `location /v2/ { ${usersOf(place)} proxy_pass http://registry; ${FORWARDED}`,
    `proxy_http_version 1.1; proxy_set_header Connection ''; proxy_read_timeout 900;`,
    `location ~ /blobs/sha256: { proxy_pass http://registry; ${FORWARDED}`,
    `proxy_http_version 1.1; proxy_set_header Connection '';`,
    `proxy_cache layers; proxy_cache_key $uri; proxy_cache_valid 200 7d; proxy_cache_lock on; } } }`,
  ]);
}

const FORWARDED = [
  'proxy_set_header Host $http_host;',
  'proxy_set_header X-Real-IP $remote_addr;',
  'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
  'proxy_set_header X-Forwarded-Proto $scheme;',
].join(' ');

function listenOf({ fixture, port }: Place): string {
  const { certs } = fixture;
  // Newer ones have these protocols without being told.
  const protocols = 'ssl_protocols TLSv1.2 TLSv1.3;';
  return `listen 127.0.0.1:${port} ssl; ${protocols} ssl_certificate ${certs}/domain.crt; ssl_certificate_key ${certs}/domain.key;`;
}

function usersOf({ fixture, users }: Place): string {
  return `auth_basic Registry; auth_basic_user_file ${fixture.users(users)};`;
}

function nginx(folder: string, http: readonly string[]): string {
  // As root it would give its workers to a user who may not read a temporary folder.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const spools = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  return [
    `${user} daemon off; worker_processes auto; pid ${folder}/nginx.pid; error_log ${folder}/error.log;`,
    'events { worker_connections 4096; }',
    `http { sendfile on; tcp_nopush on; types {} ${spools.join(' ')}`,
    ...http,
    '}\n',
  ].join('\n');
}

/** It knows bcrypt alone, and remembers what it has verified. */
export function caddyFile({ fixture, port, backend, users }: Place): string {
  const hash = fixture.hash(users.startsWith('bcrypt') ? users : 'bcrypt5');
  const entries = namesOf(users).map((name) => `      ${name} ${hash}\n`);
  return `{
  admin off
  auto_https off
  servers {
    protocols h1
  }
}
https://127.0.0.1:${port} {
  bind 127.0.0.1
  tls ${fixture.certs}/domain.crt ${fixture.certs}/domain.key
  handle /v2/* {
    basicauth bcrypt Registry {
${entries.join('')}    }
    reverse_proxy ${backend}
  }
}
`;
}

/** It does not know apr1: its users have their passwords in plain text then, which costs it nothing. */
export function haproxyFile(place: Place): string {
  const { fixture, port, backend, users } = place;
  const password = users.startsWith('bcrypt')
    ? `password ${fixture.hash(users)}`
    : `insecure-password ${PASSWORD.replaceAll(' ', '\\ ')}`;
  return `global
  maxconn 4096
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout connect 10s
  timeout client 900s
  timeout server 900s
userlist people
${namesOf(users)
  .map((name) => `  user ${name} ${password}\n`)
  .join('')}
frontend https
  bind 127.0.0.1:${port} ssl crt ${join(fixture.certs, 'both.pem')} alpn http/1.1
  http-request auth realm Registry unless { http_auth(people) }
  http-request set-header X-Forwarded-Proto https
  option forwardfor
  default_backend registry
backend registry
  server registry ${backend}
`;
}

/** JSON is YAML. */
export function registryFile(port: number, rootdirectory: string): string {
  return JSON.stringify({
    version: '0.1',
    log: { level: 'info' },
    storage: { filesystem: { rootdirectory }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, secret: 'of these measurements' },
  });
}
