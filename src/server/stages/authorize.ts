import type { RequestHandler } from 'express';
import { decide } from '../../policy/decide.ts';
import type { Identity } from '../../policy/decide.ts';
import { basicChallenge } from '../../registry/challenge.ts';
import { createProblem } from '../../registry/problem.ts';
import { answerProblem } from '../answer.ts';
import { contextOf } from '../context.ts';

export interface AuthorizeOptions {
  readonly realm: string;
}

/** May they? A stranger gets the challenge whatever was asked; then comes the answer to a request that made no sense. */
export function authorize({ realm }: AuthorizeOptions): RequestHandler {
  const signIn = createProblem(
    'UNAUTHORIZED',
    'Sign in first: docker login, with the host name that stands in the image name.',
    {
      headers: { 'WWW-Authenticate': basicChallenge(realm) },
    },
  );

  return function authorize(req, res, next) {
    const { request, user, problem } = contextOf(req);
    const identity: Identity = user === undefined ? { kind: 'anonymous' } : { kind: 'user', user };
    if (!decide(identity, request).allowed) answerProblem(req, res, signIn);
    else if (problem !== undefined) answerProblem(req, res, problem);
    else next();
  };
}
