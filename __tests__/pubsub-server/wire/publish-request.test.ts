import fc from '../../random/property.ts';

import { pubsub } from '../../../src/pubsub-server/codecs.ts';
import {
  readAttributes,
  readPublishRequest,
  storeMessage,
} from '../../../src/pubsub-server/wire/publish-request.ts';
import { encodeReceivedMessages } from '../../../src/pubsub-server/wire/received-messages.ts';

type Messages = NonNullable<
  ConstructorParameters<typeof pubsub.PublishRequest>[0]
>['messages'];

const request = (messages: Messages): Buffer =>
  Buffer.from(
    pubsub.PublishRequest.encode({
      topic: 'projects/p/topics/one',
      messages,
    }).finish(),
  );

const message = fc.record({
  data: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  attributes: fc.dictionary(
    fc
      .string({ minLength: 1, maxLength: 20 })
      .filter((key) => key !== '__proto__'),
    fc.string({ maxLength: 20 }),
    { maxKeys: 5 },
  ),
  orderingKey: fc.string({ maxLength: 200 }),
  messageId: fc.constantFrom('', 'given by the publisher'),
  publishTime: fc.constantFrom(undefined, { seconds: 5, nanos: 7 }),
});

it('passes messages through as bytes that the standard codec reads', () => {
  const publishTime = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 0, max: 200 }),
      (messages, deliveryAttempt) => {
        const read = readPublishRequest(request(messages));
        expect(read.topic).toBe('projects/p/topics/one');
        const deliveries = read.messages.map((published, index) => ({
          ackId: `tag-${index}-1`,
          message: storeMessage(published, `10000${index}`, publishTime),
          deliveryAttempt,
        }));
        const { receivedMessages } = pubsub.StreamingPullResponse.decode(
          encodeReceivedMessages(deliveries),
        );
        expect(
          receivedMessages.map((received) => ({
            ackId: received.ackId,
            deliveryAttempt: received.deliveryAttempt,
            data: Buffer.from((received.message?.data ?? []) as Uint8Array),
            attributes: { ...received.message?.attributes },
            orderingKey: received.message?.orderingKey,
            messageId: received.message?.messageId,
            seconds: Number(received.message?.publishTime?.seconds),
            nanos: received.message?.publishTime?.nanos,
          })),
        ).toEqual(
          messages.map(({ data, attributes, orderingKey }, index) => ({
            ackId: `tag-${index}-1`,
            deliveryAttempt,
            data: Buffer.from(data),
            attributes: { ...attributes },
            orderingKey,
            messageId: `10000${index}`,
            seconds: Math.floor(publishTime / 1000),
            nanos: 678_000_000,
          })),
        );
        expect(
          deliveries.map(({ message: stored }) => ({
            orderingKey: stored.orderingKey,
            attributes: Object.fromEntries(readAttributes(stored.bytes)),
          })),
        ).toEqual(
          messages.map(({ orderingKey, attributes }) => ({
            orderingKey,
            attributes: { ...attributes },
          })),
        );
      },
    ),
  );
});

const data = Buffer.from('x');

it.each<[string, Messages, string]>([
  [
    'an empty message',
    [{}],
    'is empty. Each message must contain either non-empty data',
  ],
  [
    'a long ordering key',
    [{ data, orderingKey: 'k'.repeat(1025) }],
    'ordering_key_size is too large. You passed 1025',
  ],
  [
    'a long attribute key',
    [{ attributes: { ['k'.repeat(257)]: '' } }],
    'attribute_key_size is too large. You passed 257',
  ],
  [
    'a long attribute value',
    [{ attributes: { k: 'v'.repeat(1025) } }],
    'attribute_value_size is too large. You passed 1025',
  ],
  [
    'an empty attribute key',
    [{ attributes: { '': 'v' } }],
    'keys must be non-empty',
  ],
  [
    'too many attributes',
    [
      {
        attributes: Object.fromEntries(
          Array.from({ length: 101 }, (_, index) => [`k${index}`, '']),
        ),
      },
    ],
    'num_attributes is too large. You passed 101',
  ],
  [
    'more than 10 MB',
    [{ data: Buffer.alloc(10 * 1024 * 1024) }],
    'request_size is too large',
  ],
])('refuses %s', (_, messages, text) => {
  expect(() => readPublishRequest(request(messages))).toThrow(text);
});

it('accepts the longest ordering key and attributes', () => {
  const longest = {
    orderingKey: 'k'.repeat(1024),
    attributes: { ['k'.repeat(256)]: 'v'.repeat(1024) },
  };
  expect(readPublishRequest(request([longest])).messages).toHaveLength(1);
});

it('refuses a request that ends in the middle of a field', () => {
  const whole = request([{ data: Buffer.alloc(100) }]);
  expect(() => readPublishRequest(whole.subarray(0, -1))).toThrow(RangeError);
});
