import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import type { Client } from './cases.ts';
import type { Side } from './contenders.ts';
import { MANIFEST_TYPE, REPOSITORY } from './fixture.ts';
import { AUTHORIZATION } from './small-client.ts';

interface Question {
  readonly method: 'GET' | 'HEAD';
  readonly target: string;
  readonly authorization?: string;
}

/** Asks every side the same, and throws where one answers otherwise than the first. */
export async function checkSameAnswers(sides: readonly Side[], client: Client): Promise<void> {
  const { digest } = await client.fixture.blob(1);
  const wrong = `Basic ${Buffer.from('alice:wrong').toString('base64')}`;
  const blob = `/v2/${REPOSITORY}/blobs/${digest}`;
  const signedIn = { authorization: AUTHORIZATION };
  const questions: readonly Question[] = [
    { method: 'GET', target: '/v2/' },
    { method: 'GET', target: '/v2/', authorization: wrong },
    { method: 'GET', target: blob, authorization: wrong },
    { method: 'GET', target: '/v2/', ...signedIn },
    { method: 'GET', target: `/v2/${REPOSITORY}/manifests/latest`, ...signedIn },
    { method: 'HEAD', target: blob, ...signedIn },
    { method: 'GET', target: blob, ...signedIn },
  ];
  for (const question of questions) {
    const answers: (readonly [string, string])[] = [];
    for (const side of sides) answers.push([side.name, await ask(side.port, question, client.ca)]);
    const [first] = answers;
    const other = answers.find(([, answer]) => answer !== first?.[1]);
    if (first !== undefined && other !== undefined) {
      const what = `${question.method} ${question.target}`;
      throw new Error(`${what}:\n  ${first.join(': ')}\n  ${other.join(': ')}`);
    }
  }
}

/** What matters of an answer, as text. The words of a refusal are everyone's own. */
function ask(port: number, { method, target, authorization }: Question, ca: string): Promise<string> {
  const headers = { Accept: MANIFEST_TYPE, ...(authorization === undefined ? {} : { authorization }) };
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, method, path: target, headers, ca, agent: false },
      (answer) => {
        const sum = createHash('sha256');
        answer.on('data', (chunk: Buffer) => void sum.update(chunk)).on('error', reject);
        answer.on('end', () => {
          const { statusCode: status = 0, headers: got } = answer;
          resolve(status === 401 ? `401 ${schemeOf(got)}` : `${status} ${namedOf(got)} ${sum.digest('hex')}`);
        });
      },
    );
    asked.once('error', reject);
    asked.end();
  });
}

function schemeOf(headers: IncomingHttpHeaders): string {
  return String(headers['www-authenticate']).split(' ', 1).join('');
}

function namedOf(headers: IncomingHttpHeaders): string {
  const names = [
    'content-length',
    'content-type',
    'docker-distribution-api-version',
    'docker-content-digest',
  ];
  return names.map((name) => String(headers[name])).join(' ');
}
