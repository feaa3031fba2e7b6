import type { PubSub } from '@google-cloud/pubsub';

import { applyProvision } from './apply.ts';
import { type Change, isApplicable } from './change.ts';
import { checkCredentials } from './credentials.ts';
import { declaredResources } from './declared.ts';
import { bareName, liveSettings, liveTopicSettings } from './messages.ts';
import { type LiveResources, planProvision, type PlanOptions } from './plan.ts';

/** The broker did not tell what it has. The client's own error is the `cause`. */
export class BrokerUnreadableError extends Error {
  override readonly name = 'BrokerUnreadableError';

  constructor(
    readonly projectId: string,
    /** In the broker's words. */
    readonly reason: string,
    options: ErrorOptions,
  ) {
    super(
      `expected to read the topics and subscriptions of project ${projectId}, got: ${reason}; ` +
        'check PUBSUB_EMULATOR_HOST (unset is Google), PUBSUB_PROJECT_ID and that the broker runs',
      options,
    );
  }
}

/** What went wrong, without the note and the earlier attempts that the client appends. */
const reasonOf = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error);
  const [first = message] = message.split(
    / Resolution note:| : Previous errors/,
  );
  return first.split('Error: ').at(-1) ?? first;
};

/**
 * Everything in the client's project.
 *
 * @param timeoutMilliseconds For each page of the listing, retries included.
 * @throws BrokerUnreadableError, CredentialsError
 */
export const readBroker = async (
  pubsub: PubSub,
  timeoutMilliseconds = 15_000,
): Promise<LiveResources> => {
  await checkCredentials(pubsub);
  const options = { gaxOpts: { timeout: timeoutMilliseconds } };
  try {
    const [[topics], [subscriptions]] = await Promise.all([
      pubsub.getTopics(options),
      pubsub.getSubscriptions(options),
    ]);
    return {
      topics: new Map(
        topics.map(({ name, metadata }) => [
          bareName(name),
          liveTopicSettings(metadata ?? {}),
        ]),
      ),
      subscriptions: new Map(
        subscriptions.map(({ name, metadata }) => [
          bareName(name),
          liveSettings(pubsub.projectId, metadata ?? {}),
        ]),
      ),
    };
  } catch (error) {
    throw new BrokerUnreadableError(pubsub.projectId, reasonOf(error), {
      cause: error,
    });
  }
};

/** The steps from what the client's broker has to what is declared. @throws BrokerUnreadableError */
export const planFor = async (
  pubsub: PubSub,
  options: PlanOptions & { readonly timeoutMilliseconds?: number } = {},
): Promise<Change[]> =>
  planProvision(
    declaredResources(),
    await readBroker(pubsub, options.timeoutMilliseconds),
    options,
  );

/**
 * Makes the client's broker as declared.
 *
 * @returns the changes that were made, and those that cannot be.
 * @throws ProvisionError, BrokerUnreadableError
 */
export const provision = async (
  pubsub: PubSub,
  options?: PlanOptions,
): Promise<{ readonly made: Change[]; readonly impossible: Change[] }> => {
  const changes = await planFor(pubsub, options);
  return {
    made: await applyProvision(pubsub, changes),
    impossible: changes.filter((change) => !isApplicable(change)),
  };
};
