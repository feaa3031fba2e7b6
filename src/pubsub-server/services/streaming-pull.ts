import type {
  handleBidiStreamingCall,
  ServerDuplexStream,
} from '@grpc/grpc-js';

import type { Broker } from '../broker/broker.ts';
import type { BrokerSubscription } from '../broker/subscription.ts';
import { integer, pubsub, type StreamingPullRequest } from '../codecs.ts';
import type { ConsumerLimits } from '../delivery/consumer.ts';
import type { Attachment } from '../delivery/dispatcher.ts';
import type { Delivery } from '../delivery/subscription-state.ts';
import { invalidArgument, type PubSubError } from '../errors.ts';
import { checkAckDeadline, checkExtension } from '../resources/subscription.ts';
import { encodeReceivedMessages } from '../wire/received-messages.ts';
import { refusalOf } from './grpc.ts';
import { decodeRequest, EMPTY, encode } from './method.ts';

type Call = ServerDuplexStream<Buffer, Buffer>;

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

/** The ids to extend by each number of seconds; 0 is a nack. */
const extensionsOf = ({
  modifyDeadlineAckIds,
  modifyDeadlineSeconds,
}: StreamingPullRequest): Map<number, string[]> => {
  if (modifyDeadlineAckIds.length !== modifyDeadlineSeconds.length)
    throw invalidArgument(
      `Invalid request: expected as many modify_deadline_seconds as modify_deadline_ack_ids, got: ${modifyDeadlineSeconds.length} and ${modifyDeadlineAckIds.length}.`,
    );
  for (const seconds of modifyDeadlineSeconds) checkExtension(seconds);
  return Map.groupBy(
    modifyDeadlineAckIds,
    (_, index) => modifyDeadlineSeconds[index] ?? 0,
  );
};

const without = (
  ackIds: readonly string[],
  refused: readonly string[],
): string[] => {
  const left = new Set(ackIds);
  for (const ackId of refused) left.delete(ackId);
  return [...left];
};

/** One open stream: a consumer of its subscription that ends with the call. */
class PullStream {
  readonly #call: Call;
  readonly #broker: Broker;
  #subscription: BrokerSubscription | undefined;
  #attachment: Attachment | undefined;
  /** The configuration that `#properties` encodes. */
  #described: BrokerSubscription['resource'] | undefined;
  #properties: Buffer = EMPTY;
  #ended = false;

  constructor(call: Call, broker: Broker) {
    this.#call = call;
    this.#broker = broker;
    call.on('data', (request: Buffer) => {
      this.#receive(request);
      // Each request may ask for an answer: who does not read them is not read either.
      if (call.writableNeedDrain) call.pause();
    });
    call.on('drain', () => {
      call.resume();
      this.#subscription?.dispatcher.schedule();
    });
    call.on('end', () => {
      this.#detach();
      call.end();
    });
    for (const event of ['cancelled', 'error', 'close'] as const)
      call.on(event, () => {
        this.#detach();
      });
  }

  #receive(bytes: Buffer): void {
    if (this.#ended) return;
    try {
      const request = decodeRequest(pubsub.StreamingPullRequest, bytes);
      if (this.#subscription === undefined) this.#open(request);
      else {
        checkFollowing(request);
        this.#apply(request, this.#subscription);
        // The answer to a keep-alive; without one the client gives the stream up.
        if (!settlesLeases(request)) this.#answer(this.#subscription, {});
      }
    } catch (error) {
      this.#fail(refusalOf(error));
    }
  }

  #open(request: StreamingPullRequest): void {
    const subscription = this.#broker.subscriptionInUse(request.subscription);
    const limits = limitsOf(request);
    this.#subscription = subscription;
    this.#answer(subscription, {});
    this.#attachment = subscription.dispatcher.attach(limits, {
      writable: () => !this.#ended && !this.#call.writableNeedDrain,
      send: (deliveries) => {
        this.#send(deliveries, subscription);
      },
      end: (reason) => {
        this.#fail(reason);
      },
    });
    this.#apply(request, subscription);
  }

  #send(
    deliveries: readonly Delivery[],
    { resource }: BrokerSubscription,
  ): void {
    this.#call.write(
      encodeReceivedMessages(deliveries, this.#propertiesOf(resource)),
    );
  }

  /** A response without messages: properties at the opening, confirmations, the answer to a keep-alive. */
  #answer(
    { resource }: BrokerSubscription,
    fields: Parameters<typeof pubsub.StreamingPullResponse.encode>[0],
  ): void {
    this.#call.write(
      Buffer.concat([
        encode(pubsub.StreamingPullResponse, fields),
        this.#propertiesOf(resource),
      ]),
    );
  }

  /**
   * The encoded `subscription_properties`. Every response carries them: Google's Go and Java clients take
   * a response without them for a subscription without order and without exactly-once delivery.
   */
  #propertiesOf(resource: BrokerSubscription['resource']): Buffer {
    if (this.#described !== resource) {
      this.#described = resource;
      this.#properties = encode(pubsub.StreamingPullResponse, {
        subscriptionProperties: {
          exactlyOnceDeliveryEnabled: resource.enableExactlyOnceDelivery,
          messageOrderingEnabled: resource.enableMessageOrdering,
        },
      });
    }
    return this.#properties;
  }

  #apply(
    request: StreamingPullRequest,
    subscription: BrokerSubscription,
  ): void {
    const { ackIds, streamAckDeadlineSeconds: seconds } = request;
    if (seconds !== 0) {
      checkAckDeadline('stream_ack_deadline_seconds', seconds);
      if (this.#attachment !== undefined)
        this.#attachment.consumer.limits.ackDeadlineSeconds = seconds;
    }
    const extensions = extensionsOf(request);
    if (ackIds.length > 0)
      this.#confirm('acknowledgeConfirmation', ackIds, subscription, () =>
        subscription.dispatcher.acknowledge(ackIds),
      );
    for (const [extension, extended] of extensions)
      this.#confirm(
        'modifyAckDeadlineConfirmation',
        extended,
        subscription,
        () => subscription.dispatcher.modifyAckDeadline(extended, extension),
      );
  }

  /** Only exactly-once subscriptions say what became of each id; the others take what they can. */
  #confirm(
    kind: 'acknowledgeConfirmation' | 'modifyAckDeadlineConfirmation',
    ackIds: readonly string[],
    subscription: BrokerSubscription,
    settle: () => readonly string[],
  ): void {
    const { journal } = this.#broker;
    if (!subscription.resource.enableExactlyOnceDelivery) {
      settle();
      return;
    }
    const confirm = (confirmation: {
      ackIds?: string[];
      invalidAckIds?: string[];
      temporaryFailedAckIds?: string[];
    }): void => {
      if (this.#ended) return;
      this.#answer(subscription, { [kind]: confirmation });
    };
    if (journal?.failure !== undefined) {
      confirm({ temporaryFailedAckIds: [...ackIds] });
      return;
    }
    const refused = settle();
    const confirmation = {
      ackIds: without(ackIds, refused),
      invalidAckIds: [...refused],
    };
    if (journal === undefined) confirm(confirmation);
    else
      journal.settled().then(
        () => {
          confirm(confirmation);
        },
        () => {
          confirm({ temporaryFailedAckIds: [...ackIds] });
        },
      );
  }

  #fail(reason: PubSubError): void {
    if (this.#ended) return;
    this.#detach();
    this.#call.emit('error', reason.toStatus());
  }

  #detach(): void {
    this.#ended = true;
    this.#attachment?.detach();
  }
}

/** The handler of StreamingPull. */
export const streamingPull =
  (broker: Broker): handleBidiStreamingCall<Buffer, Buffer> =>
  (call) => {
    new PullStream(call, broker);
  };
