import { create, toBinary } from '@bufbuild/protobuf';

import { parsePayloadCondition } from '../../src/dead-letters/payload-path.ts';
import { listEntries } from '../../src/dead-letters/search.ts';
import { MatchedCandidateSchema } from '../../src/generated/gondul/v1/matched_candidate_pb.ts';
import candidateOpportunityMatch from '../../src/workers/candidateOpportunityMatch.ts';
import cdcNotifications from '../../src/workers/cdcNotifications.ts';
import { expectDeadLetter, useTestDatabase } from '../helpers.ts';

const database = useTestDatabase();

const found = async (condition: string) =>
  (
    await listEntries(
      database.con,
      { payload: [parsePayloadCondition(condition)] },
      { limit: 10 },
    )
  ).map(({ subscription }) => subscription);

test('a Protobuf message that its worker refused is found by its fields', async () => {
  const message = create(MatchedCandidateSchema, {
    userId: 'no uuid',
    rank: 0.5,
  });
  await expectDeadLetter(
    candidateOpportunityMatch,
    Buffer.from(toBinary(MatchedCandidateSchema, message)),
    /userId/,
  );
  const subscription = candidateOpportunityMatch.subscription;
  expect(await found('userId=no uuid')).toEqual([subscription]);
  expect(await found('rank=0.5')).toEqual([subscription]);
});

test('bytes that cannot be read are kept all the same', async () => {
  const bytes = Buffer.from([0xff, 0x00, 0xfe]);
  await expectDeadLetter(cdcNotifications, bytes, /UnparsableMessageError/);
  expect(
    await listEntries(
      database.con,
      { subscription: cdcNotifications.subscription },
      { limit: 10 },
    ),
  ).toHaveLength(1);
});
