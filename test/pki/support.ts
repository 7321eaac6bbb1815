import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { initCertificates, type InitOptions } from '../../src/pki/authority/init-certificates.ts';
import { DAY } from '../../src/pki/authority/validity.ts';
import { must } from '../support/programs.ts';

/** One name of each kind. */
export const HOSTS = ['registry.lan', '*.registry.lan', '127.0.0.1', '10.0.0.5', '::1', 'localhost'];

/** Makes empty folders, and removes them all after the last test of the file. */
export function temporaryFolders(): () => Promise<string> {
  const made: string[] = [];
  afterAll(async () => {
    await Promise.all(made.map(async (path) => rm(path, { recursive: true, force: true })));
  });
  return async () => {
    const path = await mkdtemp(join(tmpdir(), 'gate-certs-'));
    made.push(path);
    return path;
  };
}

/** A certs directory for HOSTS, made now unless told otherwise. */
export async function makeDirectory(directory: string, options: Partial<InitOptions> = {}): Promise<string> {
  await initCertificates({ directory, hosts: HOSTS, now: new Date(), ...options });
  return directory;
}

/** The first certificate of a file. */
export async function readCertificate(...path: readonly string[]): Promise<X509Certificate> {
  return new X509Certificate(await readFile(join(...path)));
}

/** Some days after a date, before it where negative. */
export function later(date: Date, days: number): Date {
  return new Date(date.getTime() + days * DAY);
}

/** What a program does to a directory. */
export function openssl(directory: string, line: string): Promise<string> {
  return must('openssl', line.split(' '), { cwd: directory });
}

/** The directory that readers of the book make, with the commands of the book. */
export async function followTheBook(directory: string, address = '127.0.0.1'): Promise<string> {
  await openssl(directory, 'genrsa -out ca.key 2048');
  await openssl(
    directory,
    'req -x509 -new -key ca.key -days 10000 -out ca.crt -subj /C=KR/ST=Seoul/O=Docker/CN=ca',
  );
  await openssl(directory, 'genrsa -out domain.key 2048');
  await openssl(directory, `req -new -key domain.key -subj /CN=${address} -out domain.csr`);
  await writeFile(join(directory, 'extfile.cnf'), `subjectAltName = IP:${address}\n`);
  await openssl(
    directory,
    'x509 -req -in domain.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out domain.crt -days 10000 -extfile extfile.cnf',
  );
  return directory;
}
