import { PermanentError } from '../../../dead-letters/permanent-error.ts';

/** The endpoint answered, but not with a status of 200 to 299. It is tried again until the attempts are used up. */
export class DeliveryRefusedError extends Error {
  override readonly name = 'DeliveryRefusedError';

  constructor(
    readonly deliveryId: string,
    readonly status: number,
  ) {
    super(
      `expected the endpoint to answer delivery ${deliveryId} with a status of 200 to 299, got: ${status}` +
        (status >= 300 && status < 400
          ? '; redirects are not followed: give the endpoint the address at their end'
          : ''),
    );
  }
}

/** The endpoint answered 410: it wants to hear nothing more, and was disabled. */
export class EndpointGoneError extends PermanentError {
  override readonly name = 'EndpointGoneError';

  constructor(
    readonly deliveryId: string,
    readonly endpointId: string,
  ) {
    super(
      `expected endpoint ${endpointId} to take delivery ${deliveryId}, got: 410; ` +
        'the endpoint is disabled: enable it again when its receiver is back',
    );
  }
}

/** A failed delivery was to be sent again, to an endpoint that is still disabled. */
export class EndpointDisabledError extends PermanentError {
  override readonly name = 'EndpointDisabledError';

  constructor(
    readonly deliveryId: string,
    readonly endpointId: string,
  ) {
    super(
      `expected endpoint ${endpointId} of delivery ${deliveryId} to be enabled; enable it, then run the job again`,
    );
  }
}

/** The endpoint's address may not be reached. */
export class DeliveryForbiddenError extends PermanentError {
  override readonly name = 'DeliveryForbiddenError';

  constructor(
    readonly deliveryId: string,
    cause: Error,
  ) {
    super(`delivery ${deliveryId} was not sent: ${cause.message}`, { cause });
  }
}

/** There is no such endpoint; it may have been deleted. Nothing was written. */
export class UnknownEndpointError extends Error {
  override readonly name = 'UnknownEndpointError';

  constructor(readonly endpointId: string) {
    super(
      `expected the id of a webhook endpoint, got: ${endpointId}; create one with createWebhookEndpoint`,
    );
  }
}

/** Somebody has as many endpoints as one may have. Nothing was written. Delete one that is not needed. */
export class TooManyEndpointsError extends Error {
  override readonly name = 'TooManyEndpointsError';

  constructor(
    readonly userId: string,
    readonly maximum: number,
  ) {
    super(
      `expected user ${userId} to have fewer than ${maximum} webhook endpoints; delete one first`,
    );
  }
}

/** A webhook cannot be sent as it was given. Nothing was written. */
export class InvalidWebhookError extends Error {
  override readonly name = 'InvalidWebhookError';

  constructor(
    readonly field: 'url' | 'eventType' | 'data',
    problem: string,
  ) {
    super(`${field}: ${problem}`);
  }
}
