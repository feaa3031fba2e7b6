import { create, fromBinary } from '@bufbuild/protobuf';
import { z } from 'zod';

import {
  encodePayload,
  maxPayloadBytes,
  publishedOrderingKey,
} from '../../src/events/encode.ts';
import { InvalidEventError } from '../../src/events/errors.ts';
import { jsonTopic, protobufTopic } from '../../src/events/topic.ts';
import { MatchedCandidateSchema } from '../../src/generated/gondul/v1/matched_candidate_pb.ts';

const thrownBy = (work: () => unknown): InvalidEventError => {
  try {
    work();
  } catch (error) {
    if (error instanceof InvalidEventError) return error;
    throw error;
  }
  throw new Error('expected an InvalidEventError, nothing was thrown');
};

const person = jsonTopic(
  z.object({ name: z.string(), tags: z.array(z.string()) }),
);
const anything = jsonTopic(z.unknown());

describe('encodePayload', () => {
  it('writes the declared fields and no others', () => {
    const bytes = encodePayload('person', person, {
      name: 'Ada',
      tags: [],
      password: 'hidden',
    });
    expect(JSON.parse(bytes.toString())).toEqual({ name: 'Ada', tags: [] });
  });

  it('names every wrong field, and never its value', () => {
    const error = thrownBy(() =>
      encodePayload('person', person, { name: 7, tags: ['a', 4711] }),
    );
    expect(error.topic).toBe('person');
    expect(error.problems.map(({ path }) => path)).toEqual(['name', 'tags.1']);
    expect(error.message).toContain('2 problems');
    expect(error.message).not.toContain('4711');
  });

  it.each([
    ['a BigInt', { count: 1n }],
    ['nothing', undefined],
  ])('refuses %s, which JSON cannot hold', (_, payload) => {
    expect(
      thrownBy(() => encodePayload('anything', anything, payload)).message,
    ).toContain('JSON can hold');
  });

  it('takes a payload of exactly 9 MiB and refuses one byte more', () => {
    const quotes = 2;
    const largest = 'x'.repeat(maxPayloadBytes - quotes);
    expect(encodePayload('anything', anything, largest)).toHaveLength(
      maxPayloadBytes,
    );
    expect(
      thrownBy(() => encodePayload('anything', anything, `${largest}x`))
        .message,
    ).toContain(`got ${maxPayloadBytes + 1}`);
  });

  it('encodes Protobuf as its bytes', () => {
    const message = create(MatchedCandidateSchema, {
      userId: 'u',
      opportunityId: 'o',
    });
    const bytes = encodePayload(
      'match',
      protobufTopic(MatchedCandidateSchema),
      message,
    );
    expect(fromBinary(MatchedCandidateSchema, bytes)).toEqual(message);
  });

  it('refuses what is not a message of the Protobuf topic', () => {
    const topic = protobufTopic(MatchedCandidateSchema);
    expect(
      thrownBy(() => encodePayload('match', topic, { userId: 'u' })).message,
    ).toContain(MatchedCandidateSchema.typeName);
    const broken = { ...create(MatchedCandidateSchema), userId: 4711 };
    expect(
      thrownBy(() => encodePayload('match', topic, broken)).problems,
    ).toEqual([
      {
        path: 'gondul.v1.MatchedCandidate.user_id',
        message: 'expected string',
      },
    ]);
  });
});

describe('publishedOrderingKey', () => {
  it('is the JSON text that change data capture writes', () => {
    expect(publishedOrderingKey('topic', 'a "key"')).toBe('"a \\"key\\""');
  });

  it('counts the bytes of that text, not characters', () => {
    const quotes = 2;
    publishedOrderingKey('topic', 'ä'.repeat((1024 - quotes) / 2));
    expect(
      thrownBy(() => publishedOrderingKey('topic', 'ä'.repeat(512))).message,
    ).toContain('got 1026 bytes');
  });

  it.each(['', 'a\0b'])('refuses %j', (key) => {
    expect(thrownBy(() => publishedOrderingKey('topic', key)).problems).toEqual(
      [expect.objectContaining({ path: 'orderingKey' })],
    );
  });
});
