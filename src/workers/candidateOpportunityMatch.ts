import { fromBinary } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { z } from 'zod';

import { Opportunity, OpportunityMatch, User } from '../entity/index.ts';
import { MatchedCandidateSchema } from '../generated/gondul/v1/matched_candidate_pb.ts';
import { InvalidPayloadError } from './payload.ts';
import type { TypedWorker } from './worker.ts';

const topic = 'gondul.v1.candidate-opportunity-match';

/** What the wire format cannot say: Protobuf leaves fields that were not set empty. */
const candidate = z.object({
  userId: z.uuid(),
  opportunityId: z.uuid(),
  description: z.string(),
  rank: z.number().min(0).max(1),
  updatedAt: z.object({ seconds: z.bigint(), nanos: z.number() }),
});

const worker: TypedWorker<typeof topic> = {
  subscription: 'api.store-candidate-opportunity-match',
  parseMessage: ({ data }) => {
    const message = fromBinary(MatchedCandidateSchema, data);
    const { error } = candidate.safeParse(message);
    if (!error) return message;
    throw new InvalidPayloadError(
      topic,
      error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`),
    );
  },
  handler: async ({ data }, con, logger) => {
    const { userId, opportunityId, description, rank, updatedAt } = data;
    if (!updatedAt) return;
    const known = await Promise.all([
      con.getRepository(User).existsBy({ id: userId }),
      con.getRepository(Opportunity).existsBy({ id: opportunityId }),
    ]);
    if (known.includes(false)) {
      logger.info({ userId, opportunityId }, 'match of a row that is gone');
      return;
    }
    await con
      .createQueryBuilder()
      .insert()
      .into(OpportunityMatch)
      .values({
        userId,
        opportunityId,
        description,
        rank,
        status: 'pending',
        updatedAt: timestampDate(updatedAt),
      })
      // The topic has no event ids: a match that came again or too late changes nothing.
      .orUpdate(
        ['description', 'rank', 'updated_at'],
        ['opportunity_id', 'user_id'],
        {
          overwriteCondition: {
            where: 'opportunity_match.updated_at < excluded.updated_at',
          },
        },
      )
      .updateEntity(false)
      .execute();
  },
};

export default worker;
