import protos from '@google-cloud/pubsub-api/build/protos/protos.js';

import {
  encodePublishRequest,
  type RequestMessage,
} from '../../../src/cdc/publish/request.ts';
import fc from '../../random/property.ts';

const { PublishRequest } = protos.google.pubsub.v1;

const bytes = fc
  .uint8Array({ maxLength: 300 })
  .map((array) => Buffer.from(array));
/** Lengths around which a length takes a byte more, and text of more bytes than characters. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.constantFrom(...[127, 128, 16_383, 16_384].map((n) => 'x'.repeat(n))),
);
const attributes = fc
  .dictionary(text, text, { maxKeys: 5 })
  .map((entries) => ({ ...entries }));

const message: fc.Arbitrary<RequestMessage> = fc
  .record({ shared: bytes, own: bytes, attributes, orderingKey: text })
  .chain(({ shared, own, ...rest }) =>
    fc.constantFrom(
      { ...rest, data: own },
      {
        ...rest,
        data: Buffer.concat([shared, own]),
        parts: [shared, own] as const,
      },
    ),
  );

test('a request is what Google’s own codec reads from it, byte for byte of each message', () => {
  fc.assert(
    fc.property(
      text,
      fc.array(message, { maxLength: 8 }),
      (topic, messages) => {
        const read = PublishRequest.decode(
          Buffer.concat(encodePublishRequest(topic, messages)),
        );
        expect(read.topic).toBe(topic);
        expect(
          read.messages.map(({ data, attributes: named, orderingKey }) => ({
            data: Buffer.from(data as Uint8Array),
            attributes: { ...named },
            orderingKey,
          })),
        ).toEqual(
          messages.map(({ data, attributes: named, orderingKey }) => ({
            data,
            attributes: named,
            orderingKey,
          })),
        );
      },
    ),
  );
});
