import type { SubscriptionSettings, TopicSettings } from './settings.ts';

/** A setting that is not as declared. */
export interface Difference {
  readonly setting: keyof SubscriptionSettings | keyof TopicSettings;
  readonly declared: unknown;
  readonly live: unknown;
}

/** One step from what a broker has to what is declared. */
export type Change =
  | { readonly kind: 'create-topic'; readonly topic: string }
  | {
      readonly kind: 'update-topic';
      readonly topic: string;
      /** Only the settings that change. */
      readonly settings: Partial<TopicSettings>;
      readonly differences: readonly Difference[];
    }
  | {
      readonly kind: 'create-subscription';
      readonly subscription: string;
      readonly settings: SubscriptionSettings;
    }
  | {
      readonly kind: 'update-subscription';
      readonly subscription: string;
      /** Only the settings that change. */
      readonly settings: Partial<SubscriptionSettings>;
      readonly differences: readonly Difference[];
    }
  /** Fixed at creation, so only deleting the subscription, with its backlog, would mend it. */
  | {
      readonly kind: 'fixed-difference';
      readonly subscription: string;
      readonly differences: readonly Difference[];
    }
  /** A topic of another system, which has to create it. */
  | { readonly kind: 'missing-foreign-topic'; readonly topic: string }
  /** It carries our label and is not declared, any more or not yet here. */
  | {
      readonly kind: 'delete-subscription';
      readonly subscription: string;
      readonly topic: string;
    }
  /** The same of a topic. */
  | {
      readonly kind: 'delete-topic';
      readonly topic: string;
      /** Of others, which stay and get nothing any more. */
      readonly stranded: readonly string[];
    };

/** Whether `applyProvision` can make the change. */
export const isApplicable = ({ kind }: Change): boolean =>
  kind !== 'fixed-difference' && kind !== 'missing-foreign-topic';

/** Whether the change deletes something. */
export const isDeletion = ({ kind }: Change): boolean =>
  kind === 'delete-subscription' || kind === 'delete-topic';
