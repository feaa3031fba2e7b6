import type { SubscriptionDeclaration } from '../../.infra/common.ts';
import type { ChangesTopic, EventTopic } from '../common/typedPubsub.ts';
import type { TypedWorker, Worker } from './worker.ts';

/** Stands where no worker can: the declaration names a topic that `src/common/typedPubsub.ts` lacks. */
export interface UnknownTopic<Topic extends string> {
  readonly declaredForUnknownTopic: Topic;
}

/** A worker for each declaration of an event topic, by its subscription: no more and no fewer. */
export type TypedRegistry<Declaration extends SubscriptionDeclaration> = {
  readonly [
    D in Declaration as D['topic'] extends ChangesTopic
      ? never
      : D['subscription']
  ]: D['topic'] extends EventTopic
    ? TypedWorker<D['topic']>
    : UnknownTopic<D['topic']>;
};

/** A legacy worker for each declaration of a topic of row changes, by its subscription. */
export type ChangesRegistry<Declaration extends SubscriptionDeclaration> = {
  readonly [
    D in Declaration as D['topic'] extends ChangesTopic
      ? D['subscription']
      : never
  ]: Worker;
};
