import type { FastifyInstance } from 'fastify';
import { GraphQLError } from 'graphql';

import {
  DeskTimeoutError,
  FilterError,
  UnknownDeadLetterError,
} from '../dead-letters/errors.ts';
import {
  InvalidJobError,
  UnknownJobError,
  UnknownQueueError,
} from '../jobs/errors.ts';
import type { Logger } from '../logger.ts';
import { fromDatabaseError } from './database-errors.ts';
import { formatErrors } from './error-format.ts';
import { ApiError } from './errors.ts';

const toClient = (error: unknown): unknown => {
  if (error instanceof FilterError)
    return new ApiError('INVALID_INPUT', error.message);
  if (error instanceof UnknownDeadLetterError)
    return new ApiError(
      'NOT_FOUND',
      `expected the id of an entry of the desk, got: ${error.id}`,
      { id: error.id },
    );
  if (error instanceof DeskTimeoutError)
    return new ApiError('UNAVAILABLE', error.message);
  if (error instanceof InvalidJobError)
    return new ApiError('INVALID_INPUT', error.message, {
      problems: error.problems,
    });
  if (error instanceof UnknownJobError || error instanceof UnknownQueueError)
    return new ApiError('INVALID_INPUT', error.message);
  return fromDatabaseError(error);
};

/** Answers errors in the form that GraphQL's have here: `{ data: null, errors: [{ message, extensions }] }`. */
export const answerErrors = (app: FastifyInstance, logger: Logger): void => {
  app.setErrorHandler(async (thrown, request, reply) => {
    const error = toClient(thrown);
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
