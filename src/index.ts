/** The parts that are of use to other programs: the grammar of requests, and a gate that can be started in-process. */
export type { Config } from './config/schema.ts';
export { loadConfig } from './config/load.ts';
export { AppError } from './lib/errors.ts';
export type { ErrorCode } from './lib/errors.ts';
export { decide } from './policy/decide.ts';
export type { Decision } from './policy/decide.ts';
export type { Identity } from './policy/identity.ts';
export type { Policy } from './policy/policy.ts';
export { parseRegistryRequest } from './registry/parse.ts';
export type { Action, RegistryRequest } from './registry/request.ts';
export type { Route } from './registry/route.ts';
export { startGate } from './server/start.ts';
export type { Gate } from './server/start.ts';
