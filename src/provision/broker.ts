import type { PubSub } from '@google-cloud/pubsub';

import { ownLabels } from '../../.infra/common.ts';
import { checkCredentials } from './credentials.ts';
import { declaredResources } from './declared.ts';
import { describeChange } from './describe.ts';
import {
  type Change,
  isApplicable,
  isDeletion,
  type LiveResources,
  planProvision,
  type PlanOptions,
} from './plan.ts';
import { bareName, liveSettings, requestMetadata } from './settings.ts';

/** gRPC status codes. */
const notFound = 5;
const alreadyExists = 6;

/** Requests under way at once. */
const concurrency = 8;

/** A broker refused a change; those before it were made, and provisioning again continues. */
export class ProvisionError extends Error {
  override readonly name = 'ProvisionError';

  constructor(
    readonly change: Change,
    override readonly cause: unknown,
  ) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`expected to ${describeChange(change)}, got: ${reason}`);
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

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
          { labels: { ...metadata?.labels } },
        ]),
      ),
      subscriptions: new Map(
        subscriptions.map(({ name, metadata }) => [
          bareName(name),
          liveSettings(metadata ?? {}),
        ]),
      ),
    };
  } catch (error) {
    throw new BrokerUnreadableError(pubsub.projectId, reasonOf(error), {
      cause: error,
    });
  }
};

const applyChange = async (pubsub: PubSub, change: Change): Promise<void> => {
  switch (change.kind) {
    case 'create-topic':
      await pubsub.createTopic({
        name: change.topic,
        labels: ownLabels,
      });
      return;
    case 'update-topic':
      await pubsub.topic(change.topic).setMetadata({ labels: change.labels });
      return;
    case 'delete-subscription':
      await pubsub.subscription(change.subscription).delete();
      return;
    case 'delete-topic':
      await pubsub.topic(change.topic).delete();
      return;
    case 'create-subscription':
      await pubsub.createSubscription(
        change.settings.topic,
        change.subscription,
        requestMetadata(pubsub.projectId, change.settings),
      );
      return;
    case 'update-subscription':
      await pubsub
        .subscription(change.subscription)
        .setMetadata(requestMetadata(pubsub.projectId, change.settings));
      return;
    case 'fixed-difference':
    case 'missing-foreign-topic':
      return;
  }
};

const applyAll = async (
  pubsub: PubSub,
  changes: readonly Change[],
): Promise<void> => {
  for (let start = 0; start < changes.length; start += concurrency)
    await Promise.all(
      changes.slice(start, start + concurrency).map(async (change) => {
        try {
          await applyChange(pubsub, change);
        } catch (error) {
          // Another process provisions at the same time: what is there is what was wanted.
          const raced =
            (change.kind === 'create-topic' ||
              change.kind === 'create-subscription') &&
            codeOf(error) === alreadyExists;
          const gone = isDeletion(change) && codeOf(error) === notFound;
          if (!raced && !gone) throw new ProvisionError(change, error);
        }
      }),
    );
};

/** In this order: a subscription needs its topic, and a topic that is deleted first strands its subscriptions. */
const phaseOf = ({ kind }: Change): number => {
  if (kind === 'create-topic') return 0;
  return kind === 'delete-topic' ? 2 : 1;
};

/**
 * Makes the changes that can be made. Idempotent, and safe beside another process that does the
 * same. A subscription of a missing topic of another system is left out.
 *
 * @returns the changes that were made.
 * @throws ProvisionError at the first change that the broker refuses.
 */
export const applyProvision = async (
  pubsub: PubSub,
  changes: readonly Change[],
): Promise<Change[]> => {
  const missing = new Set(
    changes
      .filter((change) => change.kind === 'missing-foreign-topic')
      .map(({ topic }) => topic),
  );
  const applicable = changes.filter(
    (change) =>
      isApplicable(change) &&
      !(
        change.kind === 'create-subscription' &&
        missing.has(change.settings.topic)
      ),
  );
  for (const phase of [0, 1, 2])
    await applyAll(
      pubsub,
      applicable.filter((change) => phaseOf(change) === phase),
    );
  return applicable;
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
