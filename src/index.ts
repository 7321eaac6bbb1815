/** The API for other programs: the grammar of requests, and a gate that runs in the same process. */
export type { Config } from './config/schema/schema.ts';
export { loadConfig } from './config/load.ts';
export { AppError } from './lib/errors.ts';
export type { ErrorCode } from './lib/errors.ts';
export { decide } from './auth/policy/decide.ts';
export type { Decision } from './auth/policy/decide.ts';
export type { Principal } from './auth/principal.ts';
export type { Policy } from './auth/policy/policy.ts';
export { parseRegistryRequest } from './oci/request/parse.ts';
export type { Action, RegistryRequest } from './oci/request/parse.ts';
export type { Route } from './oci/request/route.ts';
export { startGate } from './app/start.ts';
export type { Gate } from './app/start.ts';
