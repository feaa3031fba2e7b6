import type { PubSub } from '@google-cloud/pubsub';

import { ownLabels } from '../../.infra/common.ts';
import { type Change, isApplicable, isDeletion } from './change.ts';
import { describeChange } from './describe.ts';
import { requestMetadata, topicMetadata } from './messages.ts';

/** gRPC status codes. */
const notFound = 5;
const alreadyExists = 6;

/** Requests under way at once. */
const concurrency = 8;

/**
 * A broker refused a change. Others of its kind were tried all the same, what comes after them was not (subscriptions need
 * their topics); mend what it says, and provisioning again continues.
 */
export class ProvisionError extends Error {
  override readonly name = 'ProvisionError';

  constructor(
    readonly change: Change,
    override readonly cause: unknown,
    /** Changes beside it that were refused too. */
    readonly others = 0,
  ) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `expected to ${describeChange(change)}, got: ${reason}` +
        (others === 0 ? '' : ` (and ${others} more were refused)`),
    );
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

const applyChange = async (pubsub: PubSub, change: Change): Promise<void> => {
  switch (change.kind) {
    case 'create-topic':
      await pubsub.createTopic({
        name: change.topic,
        labels: ownLabels,
      });
      return;
    case 'update-topic':
      await pubsub
        .topic(change.topic)
        .setMetadata(topicMetadata(change.settings));
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
  const failures: ProvisionError[] = [];
  for (let start = 0; start < changes.length; start += concurrency) {
    const ends = await Promise.all(
      changes.slice(start, start + concurrency).map(async (change) => {
        try {
          await applyChange(pubsub, change);
          return undefined;
        } catch (error) {
          // Another process provisions at the same time: what is there is what was wanted.
          const raced =
            (change.kind === 'create-topic' ||
              change.kind === 'create-subscription') &&
            codeOf(error) === alreadyExists;
          const gone = isDeletion(change) && codeOf(error) === notFound;
          return raced || gone ? undefined : new ProvisionError(change, error);
        }
      }),
    );
    failures.push(...ends.filter((end) => end !== undefined));
  }
  const [first, ...others] = failures;
  if (first)
    throw others.length === 0
      ? first
      : new ProvisionError(first.change, first.cause, others.length);
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
 * @throws ProvisionError if the broker refuses any.
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
