import type { FastifyInstance } from 'fastify';
import { GraphQLError } from 'graphql';

import type { Logger } from '../logger.ts';
import { toClientError } from './client-errors.ts';
import { formatErrors } from './error-format.ts';

/** Answers errors in the form that GraphQL's have here: `{ data: null, errors: [{ message, extensions }] }`. */
export const answerErrors = (app: FastifyInstance, logger: Logger): void => {
  app.setErrorHandler(async (thrown, request, reply) => {
    const error = toClientError(thrown);
    const originalError =
      error instanceof Error ? error : new Error(String(error));
    const { statusCode, response } = formatErrors(
      {
        data: null,
        errors: [new GraphQLError(originalError.message, { originalError })],
      },
      { logger, requestId: request.id },
    );
    return reply.code(statusCode).send(response);
  });
};
