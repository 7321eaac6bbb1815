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
      'The user name of the gate at a registry with its own sign-in, by password or by token service. Needs backendPassword.',
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
      'The Host header of requests to the registry, for one behind an ingress or among virtual hosts.',
  });

const publicUrl = parsedBy(parsePublicUrl, 'a URL, like https://registry.example.com')
  .optional()
  .transform((value) => value)
  .register(optionMeta, {
    kind: 'text',
    flag: '--public-url URL',
    fallback: 'the host that the client asked for: Host, or X-Forwarded-Host of a front proxy',
    description:
      'The URL of this gate for clients, which fetch their tokens there: https://HOST[:PORT]. Needed behind a front proxy that changes Host.',
  });

/** Where the registry is, and how to reach it. These keys are at the top level of registry-gate.yml. */
export const backendOptions = {
  backend,
  backendCa: optionalPath({
    flag: '--backend-ca FILE',
    description: 'A PEM file with the CAs that verify an https backend, instead of the default ones.',
  }),
  backendUser,
  backendPassword,
  backendHost,
  publicUrl,
} as const;
