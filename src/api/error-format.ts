import {
  type ExecutionResult,
  type FormattedExecutionResult,
  GraphQLError,
} from 'graphql';

import type { Logger } from '../logger.ts';
import { ApiError, type ApiErrorCode, apiErrors } from './errors.ts';
import { maximumBody } from './query-limits.ts';

/** What the libraries below call what our table calls otherwise. */
const foreignCodes: Readonly<Record<string, ApiErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_INVALID_JSON_BODY: 'INVALID_QUERY',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'INVALID_QUERY',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'INVALID_QUERY',
  FST_ERR_HANDLER_TIMEOUT: 'UNAVAILABLE',
  FST_ERR_VALIDATION: 'INVALID_QUERY',
  MER_ERR_GQL_PERSISTED_QUERY_NOT_FOUND: 'INVALID_QUERY',
  MER_ERR_GQL_QUERY_DEPTH: 'QUERY_TOO_LARGE',
  MER_ERR_GQL_VALIDATION: 'INVALID_QUERY',
  MER_ERR_METHOD_NOT_ALLOWED: 'METHOD_NOT_ALLOWED',
};

/** Where the libraries' own words do not say what to do. */
const foreignMessages: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: `expected a body of at most ${maximumBody} bytes, got a larger one; send less at once`,
  FST_ERR_CTP_INVALID_MEDIA_TYPE:
    'expected a body of JSON with content-type: application/json, got another type',
  FST_ERR_HANDLER_TIMEOUT:
    'the request did not finish in time; it may take effect all the same, so read before you try again',
  MER_ERR_METHOD_NOT_ALLOWED:
    'expected a query, got another operation by GET; send mutations by POST',
};

interface ForeignError extends Error {
  readonly code?: string;
  readonly statusCode?: number;
  /** A validation error holds what it found. */
  readonly errors?: readonly Error[];
}

/** The error that a resolver or a library threw, out of GraphQL's wrapping. */
const original = (error: Error): ForeignError =>
  error instanceof GraphQLError && error.originalError
    ? original(error.originalError)
    : error;

const codeOf = (error: Error): ApiErrorCode => {
  const { code, name } = error as ForeignError;
  if (error instanceof ApiError) return error.code;
  if (error instanceof GraphQLError)
    return error.extensions.code === 'QUERY_TOO_LARGE'
      ? 'QUERY_TOO_LARGE'
      : 'INVALID_QUERY';
  if (code !== undefined && foreignCodes[code]) return foreignCodes[code];
  // Thrown by JSON.parse and its hardened sibling on a body or on variables in a URL.
  return name === 'SyntaxError' ? 'INVALID_QUERY' : 'INTERNAL';
};

/** A validation error as what it found, any other as itself. */
const unfold = (error: GraphQLError): GraphQLError[] => {
  const { code, errors } = original(error);
  if (code !== 'MER_ERR_GQL_VALIDATION' || !errors?.length) return [error];
  return errors.map((inner) =>
    inner instanceof GraphQLError
      ? inner
      : new GraphQLError(inner.message, { originalError: inner }),
  );
};

export interface ErrorAnswer {
  readonly statusCode: number;
  readonly response: FormattedExecutionResult;
}

/**
 * Makes the answer of failed requests. Only messages meant for the client are shown; anything else
 * is `INTERNAL`, logged whole under the request's id. The status is that of the gravest error, or
 * 200 when the answer has data too.
 */
export const formatErrors = (
  execution: Pick<ExecutionResult, 'data'> & {
    readonly errors: readonly GraphQLError[];
  },
  {
    logger,
    requestId,
  }: { readonly logger: Logger; readonly requestId: string },
): ErrorAnswer => {
  const statuses: number[] = [];
  const errors = execution.errors.flatMap(unfold).map((error) => {
    const cause = original(error);
    const code = codeOf(cause);
    statuses.push(apiErrors[code]);
    if (code === 'INTERNAL')
      logger.error({ err: cause, requestId }, 'a request failed');
    const shown =
      code === 'INTERNAL'
        ? `something went wrong on our side; the log has it under ${requestId}`
        : (foreignMessages[cause.code ?? ''] ?? error.message);
    const extensions =
      code === 'INTERNAL' ? { code, requestId } : { ...error.extensions, code };
    const { locations, path } = error.toJSON();
    return {
      message: shown,
      ...(locations && { locations }),
      ...(path && { path }),
      extensions,
    };
  });
  const data = execution.data ?? null;
  return {
    statusCode: data === null ? Math.max(...statuses) : 200,
    response: { data, errors },
  };
};
