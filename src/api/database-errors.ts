import { QueryFailedError } from 'typeorm';

import { ApiError } from './errors.ts';

interface PostgresError {
  readonly code?: string;
  readonly constraint?: string;
}

const taken = (field: string) =>
  new ApiError(
    'ALREADY_EXISTS',
    `expected a ${field} that nobody has, got one that exists; choose another`,
    { field },
  );

const unknownViewer = () =>
  new ApiError(
    'VIEWER_REQUIRED',
    'expected x-user-id to be the id of a user that exists, got an unknown one; ' +
      'create the user first (mutation createUser)',
  );

/** What a violated constraint means to the client. */
const constraints: Readonly<Record<string, () => ApiError>> = {
  user_username: () => taken('username'),
  user_email: () => taken('email'),
  source_handle: () => taken('handle'),
  connection_source_url: () => taken('url'),
  post_source_id_fkey: () =>
    new ApiError(
      'NOT_FOUND',
      'expected sourceId to be the id of a source that exists; create it first (mutation createSource)',
      { what: 'source' },
    ),
  source_follower_source_id_fkey: () =>
    new ApiError(
      'NOT_FOUND',
      'expected id to be the id of a source that exists',
      { what: 'source' },
    ),
  source_follower_user_id_fkey: unknownViewer,
  post_author_id_fkey: unknownViewer,
  comment_user_id_fkey: unknownViewer,
  post_vote_user_id_fkey: unknownViewer,
  comment_vote_user_id_fkey: unknownViewer,
  digest_subscription_user_id_fkey: unknownViewer,
  export_user_id_fkey: unknownViewer,
  connection_author_id_fkey: unknownViewer,
  webhook_endpoint_user_id_fkey: unknownViewer,
};

/** Postgres's classes of errors after which the same request may succeed later. */
const passing = new Set([
  '3D000', // invalid_catalog_name: the database is being restored, or renamed
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '53300', // too_many_connections
  '55P03', // lock_not_available
  '57014', // query_canceled: statement_timeout
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
]);

const connectionCodes = /^(08...|ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND)$/;
const connectionMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/** An error of Postgres in the client's terms; what means nothing to a client stays as it is. */
export const fromDatabaseError = (error: unknown): unknown => {
  if (!(error instanceof Error) || error instanceof ApiError) return error;
  const { code = '', constraint } = (
    error instanceof QueryFailedError ? error.driverError : error
  ) as PostgresError;
  const known = constraint === undefined ? undefined : constraints[constraint];
  if (known) return known();
  if (
    passing.has(code) ||
    connectionCodes.test(code) ||
    connectionMessages.test(error.message)
  )
    return new ApiError(
      'UNAVAILABLE',
      'the database did not answer in time; nothing was changed, try again in a moment',
      {},
      { cause: error },
    );
  return error;
};
