import { OCI_INDEX } from './spec-client.ts';

const LIMIT = 4 * 1024 * 1024;

function filled(head: string, unit: string, tail: string): Buffer {
  const count = Math.floor((LIMIT - head.length - tail.length) / unit.length);
  return Buffer.from(head + unit.repeat(count) + tail);
}

const many = (length: number, of: (at: number) => string): string =>
  Array.from({ length }, (_, at) => of(at)).join();

/** Manifests of 4 MiB, each of which makes readers work in another way, by name. */
export function costlyManifests(subject: string): readonly (readonly [name: string, bytes: Buffer])[] {
  const head = `{"schemaVersion":2,"mediaType":"${OCI_INDEX}","subject":{"digest":"${subject}"},`;
  return [
    ['brackets', filled(`${head}"x":`, '[', '')],
    ['empty lists', filled(`${head}"x":[`, '[],', '0]}')],
    ['empty objects', filled(`${head}"x":[`, '{},', '0]}')],
    ['numbers', filled(`${head}"x":[`, '0,', '0]}')],
    ['long numbers', filled(`${head}"x":[`, '1.234567890123456789e-300,', '0]}')],
    ['empty texts', filled(`${head}"x":[`, '"",', '0]}')],
    ['escapes', filled(`${head}"x":"`, '\\u0041', '"}')],
    ['one text', filled(`${head}"x":"`, 'a', '"}')],
    ['one text of escapes that is kept', filled(`${head}"artifactType":"`, '\\u0041', '"}')],
    ['whitespace', filled(head, ' ', '"x":1}')],
    ['annotations', Buffer.from(`${head}"annotations":{${many(190_000, (at) => `"k${at}":"v"`)}}}`)],
    [
      'as many annotations as may be',
      Buffer.from(`${head}"annotations":{${many(9999, (at) => `"k${at}":"${'v'.repeat(90)}"`)}}}`),
    ],
    ['names', Buffer.from(`{${many(190_000, (at) => `"k${at}":"v"`)}}`)],
    [
      'names that are numbers',
      Buffer.from(`${head}"annotations":{${many(190_000, (at) => `"${at * 7919}":""`)}}}`),
    ],
    [
      'children',
      Buffer.from(
        `${head}"manifests":[${many(45_000, (at) => `{"digest":"sha256:${String(at).padStart(64, '0')}"}`)}]}`,
      ),
    ],
    [
      'as many children as may be',
      Buffer.from(
        `${head}"manifests":[${many(10_000, (at) => `{"digest":"sha256:${String(at).padStart(64, '0')}"}`)}]}`,
      ),
    ],
  ];
}
