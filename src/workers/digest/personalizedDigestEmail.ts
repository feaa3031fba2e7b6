import { DigestSend, User } from '../../entity/index.ts';
import { mailTransport } from '../../mail/mail-transport.ts';
import type { TypedWorker } from '../worker.ts';
import { composeDigest } from './compose.ts';

/**
 * Sends one person's digest of one period. Whoever dies between sending and recording it sends
 * the same message again, by whose idempotency key the provider knows it.
 */
const worker: TypedWorker<'api.v1.generate-personalized-digest'> = {
  subscription: 'api.personalized-digest-email',
  maxMessages: 10,
  timeoutSeconds: 90,
  handler: async ({ data: { userId, period } }, con) => {
    const ledger = con.getRepository(DigestSend);
    if (!(await con.getRepository(User).existsBy({ id: userId }))) return;
    // Planned by the generator; asked for by hand, it is planned now.
    await ledger
      .createQueryBuilder()
      .insert()
      .values({ userId, period })
      .orIgnore()
      .updateEntity(false)
      .execute();
    const digest = await ledger.findOneBy({ userId, period });
    if (!digest || digest.outcome !== null) return;
    const composed = await composeDigest(con, digest);
    if (typeof composed !== 'string')
      await mailTransport().deliver(composed, con);
    await ledger.update(
      { userId, period },
      {
        outcome: typeof composed === 'string' ? composed : 'sent',
        settledAt: new Date(),
      },
    );
  },
};

export default worker;
