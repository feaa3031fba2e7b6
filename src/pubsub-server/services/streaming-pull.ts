import type {
  handleBidiStreamingCall,
  ServerDuplexStream,
} from '@grpc/grpc-js';

import type { Broker } from '../broker.ts';
import { integer, pubsub, type StreamingPullRequest } from '../codecs.ts';
import type { ConsumerLimits } from '../delivery/consumer.ts';
import type { Attachment, Dispatcher } from '../delivery/dispatcher.ts';
import { invalidArgument, PubSubError } from '../errors.ts';
import { checkAckDeadline } from '../resources/subscription.ts';
import { encodeReceivedMessages } from '../wire/received-messages.ts';
import { EMPTY, encode } from './method.ts';

type Call = ServerDuplexStream<StreamingPullRequest, Buffer>;

/** Zero and negative limits mean none. */
const limit = (value: number): number => (value > 0 ? value : Infinity);

const limitsOf = (request: StreamingPullRequest): ConsumerLimits => {
  const seconds = request.streamAckDeadlineSeconds;
  if (seconds !== 0) checkAckDeadline('stream_ack_deadline_seconds', seconds);
  return {
    maxOutstandingMessages: limit(integer(request.maxOutstandingMessages)),
    maxOutstandingBytes: limit(integer(request.maxOutstandingBytes)),
    ackDeadlineSeconds: seconds === 0 ? undefined : seconds,
  };
};

/** What only the first request of a stream may say. */
const checkFollowing = (request: StreamingPullRequest): void => {
  const fixed: readonly [string, boolean][] = [
    ['subscription', request.subscription !== ''],
    ['client_id', request.clientId !== ''],
    ['max_outstanding_messages', integer(request.maxOutstandingMessages) !== 0],
    ['max_outstanding_bytes', integer(request.maxOutstandingBytes) !== 0],
    ['protocol_version', integer(request.protocolVersion) !== 0],
  ];
  for (const [field, given] of fixed)
    if (given)
      throw invalidArgument(
        `Invalid request: ${field} may only be set in the first request of a StreamingPull stream.`,
      );
};

const settlesLeases = (request: StreamingPullRequest): boolean =>
  request.ackIds.length > 0 || request.modifyDeadlineAckIds.length > 0;

/** One open stream: a consumer of its subscription that ends with the call. */
class PullStream {
  readonly #call: Call;
  readonly #broker: Broker;
  #dispatcher: Dispatcher | undefined;
  #attachment: Attachment | undefined;
  #ended = false;

  constructor(call: Call, broker: Broker) {
    this.#call = call;
    this.#broker = broker;
    call.on('data', (request: StreamingPullRequest) => {
      this.#receive(request);
    });
    call.on('drain', () => this.#dispatcher?.schedule());
    call.on('end', () => {
      this.#detach();
      call.end();
    });
    for (const event of ['cancelled', 'error', 'close'] as const)
      call.on(event, () => {
        this.#detach();
      });
  }

  #receive(request: StreamingPullRequest): void {
    if (this.#ended) return;
    try {
      if (this.#attachment === undefined) this.#open(request);
      else {
        checkFollowing(request);
        this.#apply(request);
        // The answer to a keep-alive; without one the client gives the stream up.
        if (!settlesLeases(request)) this.#call.write(EMPTY);
      }
    } catch (error) {
      this.#fail(
        error instanceof PubSubError
          ? error
          : invalidArgument(
              error instanceof Error ? error.message : String(error),
            ),
      );
    }
  }

  #open(request: StreamingPullRequest): void {
    const { resource, dispatcher } = this.#broker.subscription(
      request.subscription,
    );
    const limits = limitsOf(request);
    this.#dispatcher = dispatcher;
    this.#call.write(
      encode(pubsub.StreamingPullResponse, {
        subscriptionProperties: {
          exactlyOnceDeliveryEnabled: false,
          messageOrderingEnabled: resource.enableMessageOrdering,
        },
      }),
    );
    this.#attachment = dispatcher.attach(limits, {
      writable: () => !this.#ended && !this.#call.writableNeedDrain,
      send: (deliveries) => {
        this.#call.write(encodeReceivedMessages(deliveries));
      },
      end: (reason) => {
        this.#fail(reason);
      },
    });
    this.#apply(request);
  }

  #apply(request: StreamingPullRequest): void {
    const seconds = request.streamAckDeadlineSeconds;
    if (seconds !== 0) {
      checkAckDeadline('stream_ack_deadline_seconds', seconds);
      if (this.#attachment !== undefined)
        this.#attachment.consumer.limits.ackDeadlineSeconds = seconds;
    }
    if (request.ackIds.length > 0)
      this.#dispatcher?.acknowledge(request.ackIds);
    const { modifyDeadlineAckIds, modifyDeadlineSeconds } = request;
    if (modifyDeadlineAckIds.length !== modifyDeadlineSeconds.length)
      throw invalidArgument(
        `Invalid request: expected as many modify_deadline_seconds as modify_deadline_ack_ids, got: ${modifyDeadlineSeconds.length} and ${modifyDeadlineAckIds.length}.`,
      );
    const bySeconds = Map.groupBy(
      modifyDeadlineAckIds,
      (_, index) => modifyDeadlineSeconds[index] ?? 0,
    );
    for (const [extension, ackIds] of bySeconds) {
      if (extension < 0 || extension > 600)
        throw invalidArgument(
          `Invalid modify_deadline_seconds given: expected between 0 and 600 seconds, got: ${extension}.`,
        );
      this.#dispatcher?.modifyAckDeadline(ackIds, extension);
    }
  }

  #fail(reason: PubSubError): void {
    if (this.#ended) return;
    this.#detach();
    this.#call.emit('error', { code: reason.code, details: reason.details });
  }

  #detach(): void {
    this.#ended = true;
    this.#attachment?.detach();
  }
}

/** The handler of StreamingPull. */
export const streamingPull =
  (broker: Broker): handleBidiStreamingCall<StreamingPullRequest, Buffer> =>
  (call) => {
    new PullStream(call, broker);
  };
