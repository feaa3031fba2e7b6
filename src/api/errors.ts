/**
 * Every error that the API answers with, and its HTTP status when the answer has no data.
 * The code stands in `extensions.code`.
 */
export const apiErrors = {
  /** A field of the request is not as it must be; `problems` names each. */
  INVALID_INPUT: 400,
  /** The document is no valid GraphQL for this schema. */
  INVALID_QUERY: 400,
  /** The document asks for more, or nests deeper, than one request may. */
  QUERY_TOO_LARGE: 400,
  /** No token where one is needed, or a wrong one. */
  UNAUTHENTICATED: 401,
  /** The token is right, but no viewer was named, or one that does not exist. */
  VIEWER_REQUIRED: 401,
  /** The token is right, but does not have the right to this. */
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  /** Something unique exists already, a username for example. */
  ALREADY_EXISTS: 409,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  /** A fault of ours; the log has it under `requestId`. */
  INTERNAL: 500,
  /** The secret of what was asked for is not set, so that nothing protected is open. */
  CLOSED: 503,
  /** Postgres is away or too busy; the same request may succeed later. */
  UNAVAILABLE: 503,
} as const;

export type ApiErrorCode = keyof typeof apiErrors;

/** An error meant for the client: its message and details are shown. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** GraphQL copies these into the answer. */
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(
    readonly code: ApiErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.extensions = { ...details, code };
  }

  get statusCode(): number {
    return apiErrors[this.code];
  }
}

/** Something that was asked for by id does not exist. */
export const notFound = (what: string, id: string): ApiError =>
  new ApiError(
    'NOT_FOUND',
    `expected the id of a ${what} that exists, got: ${id}; it may have been deleted`,
    { what, id },
  );
