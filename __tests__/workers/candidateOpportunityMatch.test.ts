import { randomUUID } from 'node:crypto';

import { create, toBinary } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';

import { Opportunity, OpportunityMatch } from '../../src/entity/index.ts';
import { MatchedCandidateSchema } from '../../src/generated/gondul/v1/matched_candidate_pb.ts';
import { typedWorkers } from '../../src/workers/index.ts';
import {
  expectDeadLetter,
  expectSuccessfulTypedBackground,
  saveFixtures,
  useTestDatabase,
} from '../helpers.ts';
import { createUser } from './community.ts';

const database = useTestDatabase();
const worker = typedWorkers['api.store-candidate-opportunity-match'];

const early = new Date('2026-01-01T00:00:00.000Z');
const late = new Date('2026-01-02T00:00:00.000Z');

const pair = async () => {
  const [opportunity] = await saveFixtures(database.con, Opportunity, [
    { title: 'Engineer', state: 'open' },
  ]);
  const { id: userId } = await createUser(database.con);
  return { userId, opportunityId: opportunity?.id ?? '' };
};

const match = (
  key: { userId: string; opportunityId: string },
  description: string,
  updatedAt: Date,
) =>
  create(MatchedCandidateSchema, {
    ...key,
    description,
    rank: 0.5,
    updatedAt: timestampFromDate(updatedAt),
  });

const stored = (key: { userId: string; opportunityId: string }) =>
  database.con.getRepository(OpportunityMatch).findBy(key);

describe('api.store-candidate-opportunity-match', () => {
  it('stores a match, once however often its message comes', async () => {
    const key = await pair();
    const message = match(key, 'engines', early);
    await expectSuccessfulTypedBackground(worker, message);
    await expectSuccessfulTypedBackground(worker, message);
    expect(await stored(key)).toEqual([
      {
        ...key,
        description: 'engines',
        rank: 0.5,
        status: 'pending',
        updatedAt: early,
      },
    ]);
  });

  it.each([
    ['in order', ['early', 'late']],
    ['in reverse', ['late', 'early']],
  ])('keeps the later of two matches that come %s', async (_, order) => {
    const key = await pair();
    for (const description of order)
      await expectSuccessfulTypedBackground(
        worker,
        match(key, description, description === 'late' ? late : early),
      );
    expect(await stored(key)).toEqual([
      expect.objectContaining({ description: 'late', updatedAt: late }),
    ]);
  });

  it('leaves the status as a person set it', async () => {
    const key = await pair();
    await expectSuccessfulTypedBackground(worker, match(key, 'a', early));
    await database.con
      .getRepository(OpportunityMatch)
      .update(key, { status: 'accepted' });
    await expectSuccessfulTypedBackground(worker, match(key, 'b', late));
    expect(await stored(key)).toEqual([
      expect.objectContaining({ description: 'b', status: 'accepted' }),
    ]);
  });

  it('passes over a person or an opportunity that is gone', async () => {
    const key = await pair();
    const gone = { ...key, opportunityId: randomUUID() };
    await expectSuccessfulTypedBackground(worker, match(gone, 'a', early));
    await expectSuccessfulTypedBackground(
      worker,
      match({ ...key, userId: randomUUID() }, 'a', early),
    );
    expect(await stored(gone)).toEqual([]);
  });

  it.each([
    ['bytes that are not Protobuf', Buffer.from([0x0a, 0xff])],
    ['JSON', Buffer.from('{"userId":"x"}')],
    [
      'a message without its ids',
      Buffer.from(
        toBinary(
          MatchedCandidateSchema,
          match({ userId: '', opportunityId: '' }, 'a', early),
        ),
      ),
    ],
    [
      'a message without a time',
      Buffer.from(
        toBinary(
          MatchedCandidateSchema,
          create(MatchedCandidateSchema, {
            userId: randomUUID(),
            opportunityId: randomUUID(),
          }),
        ),
      ),
    ],
  ])('makes %s a dead letter at once', async (_, bytes) => {
    await expectDeadLetter(worker, bytes, /InvalidPayloadError/);
  });
});
