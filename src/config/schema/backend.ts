import { z } from 'zod';
import { parseBackend } from '../values/backend-url.ts';
import { optionMeta, optionalPath, parsedBy, saying } from './fields.ts';
import { parseAuthority, parsePublicUrl } from '../values/public-url.ts';

const backend = parsedBy(parseBackend, 'a URL, like http://127.0.0.1:5000')
  .prefault('http://127.0.0.1:5000')
  .register(optionMeta, {
    kind: 'text',
    flag: '--backend URL',
    description:
      'The registry behind the gate: http://HOST:PORT, https://HOST:PORT (each with a path before /v2/, if the registry has one), unix:/PATH, or embedded:DIR for the one inside the gate.',
  });

const backendUser = z
  .string({ error: saying('must be a user name') })
  // RFC 7617 section 2: a colon would end the name.
  .regex(/^[^:\p{Cc}]{1,255}$/u, {
    error: 'must be 1 to 255 characters without a colon or control characters',
  })
  .optional()
  .register(optionMeta, {
    kind: 'text',
    flag: '--backend-user NAME',
    fallback: 'none: the registry asks for no password',
    description:
      'The user that the gate is to a registry with a sign-in of its own, by password or by token service. Needs backendPassword.',
  });

const backendPassword = z
  .string({ error: 'must be a text' })
  .regex(/^[^\p{Cc}]{1,4096}$/u, { error: 'must be 1 to 4096 characters without control characters' })
  .optional()
  .register(optionMeta, {
    kind: 'text',
    secret: true,
    fallback: 'not set',
    description:
      'The password of backendUser. It has no flag, since other users see the arguments of a process.',
  });

const backendHost = parsedBy(parseAuthority, 'HOST or HOST:PORT')
  .optional()
  .transform((value) => value)
  .register(optionMeta, {
    kind: 'text',
    flag: '--backend-host HOST',
    fallback: 'the Host of the client',
    description:
      'The Host header that the registry is asked with, for one behind an ingress or among virtual hosts.',
  });

const publicUrl = parsedBy(parsePublicUrl, 'a URL, like https://registry.example.com')
  .optional()
  .transform((value) => value)
  .register(optionMeta, {
    kind: 'text',
    flag: '--public-url URL',
    fallback: 'what the client asked for: Host, or X-Forwarded-Host of a front proxy',
    description:
      'The address under which clients know this gate: https://HOST[:PORT]. They fetch their tokens there. For a front proxy that changes Host.',
  });

/** Where the registry stands, and how it is asked. The keys stand at the top of registry-gate.yml. */
export const backendOptions = {
  backend,
  backendCa: optionalPath({
    flag: '--backend-ca FILE',
    description:
      'A PEM file with the authorities that an https backend is verified with, instead of the usual ones.',
  }),
  backendUser,
  backendPassword,
  backendHost,
  publicUrl,
} as const;
