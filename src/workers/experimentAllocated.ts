import { User } from '../entity/index.ts';
import type { ExperimentWorker } from './experiments/worker.ts';

/** Puts a new person into the experiment on onboarding, before anything is shown to them. */
const worker: ExperimentWorker<'user-created'> = {
  subscription: 'api.experiment-allocated',
  handler: async (
    message,
    con,
    logger,
    _pubsub,
    experimentAllocationClient,
  ) => {
    const { userId } = message.data;
    const user = await con.getRepository(User).findOneBy({ id: userId });
    if (!user) return;
    const onboarding = experimentAllocationClient.featureValue(
      'onboarding',
      'control',
      { userId, timezone: user.timezone },
    );
    logger.debug({ userId, onboarding }, 'allocated to onboarding');
  },
};

export default worker;
