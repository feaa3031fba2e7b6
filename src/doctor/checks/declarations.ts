import { BrokerUnreadableError, planFor } from '../../provision/broker.ts';
import { isApplicable } from '../../provision/change.ts';
import { CredentialsError } from '../../provision/credentials.ts';
import { declaredResources } from '../../provision/declared.ts';
import { describeChange } from '../../provision/describe.ts';
import { type Check, UnreachableError } from '../check.ts';
import { counted } from '../text.ts';

/** The broker has every declared topic and subscription, configured as declared. */
export const declarationsCheck: Check = {
  name: 'declarations',
  needs: [],
  run: async ({ config, pubsub }) => {
    const changes = await planFor(pubsub, {
      createForeignTopics: config.PUBSUB_EMULATOR_HOST !== undefined,
      timeoutMilliseconds: 3_000,
    }).catch((error: unknown) => {
      if (error instanceof CredentialsError)
        throw new UnreachableError('broker', error.message, { cause: error });
      if (!(error instanceof BrokerUnreadableError)) throw error;
      throw new UnreachableError('broker', error.reason, { cause: error });
    });
    if (changes.length > 0)
      return changes.map((change) => ({
        level: 'broken',
        message: `The broker differs from the declarations: ${describeChange(change)}.`,
        ...(isApplicable(change) && { remedy: 'nightshift provision' }),
      }));
    const { topics, subscriptions } = declaredResources();
    return [
      {
        level: 'ok',
        message:
          `The broker has the ${counted(topics.length, 'declared topic')} and ` +
          `${counted(subscriptions.length, 'subscription')}.`,
      },
    ];
  },
};
