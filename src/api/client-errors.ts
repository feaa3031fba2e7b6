import { NothingKnownError } from '../causality/errors.ts';
import { BulkSizeError, UnknownBulkActionError } from '../bulk/kinds.ts';
import {
  DeskTimeoutError,
  FilterError,
  NotEditableError,
  UnknownDeadLetterError,
} from '../dead-letters/errors.ts';
import {
  InvalidSignalError,
  RunStateError,
  UnknownRunError,
} from '../flows/index.ts';
import {
  InvalidJobError,
  JobStateError,
  KeptJobError,
  UnknownJobError,
  UnknownJobIdError,
  UnknownQueueError,
} from '../jobs/errors.ts';
import { UnknownScheduleError } from '../jobs/schedules/errors.ts';
import { UnknownSubscriptionError } from '../subscriptions/pauses.ts';
import { fromDatabaseError } from './database-errors.ts';
import { ApiError } from './errors.ts';

/** An error of the desk, of jobs or of Postgres in the client's terms; any other stays as it is. */
export const toClientError = (error: unknown): unknown => {
  if (error instanceof UnknownBulkActionError)
    return new ApiError('NOT_FOUND', error.message);
  if (error instanceof BulkSizeError)
    return new ApiError('INVALID_INPUT', error.message);
  if (error instanceof FilterError || error instanceof NotEditableError)
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
  if (error instanceof NothingKnownError)
    return new ApiError('NOT_FOUND', error.message);
  if (error instanceof UnknownJobIdError || error instanceof UnknownRunError)
    return new ApiError('NOT_FOUND', error.message);
  if (
    error instanceof RunStateError ||
    error instanceof JobStateError ||
    error instanceof KeptJobError ||
    error instanceof InvalidSignalError ||
    error instanceof UnknownScheduleError
  )
    return new ApiError('INVALID_INPUT', error.message);
  if (error instanceof UnknownSubscriptionError)
    return new ApiError('INVALID_INPUT', error.message);
  if (error instanceof UnknownJobError || error instanceof UnknownQueueError)
    return new ApiError('INVALID_INPUT', error.message);
  return fromDatabaseError(error);
};
