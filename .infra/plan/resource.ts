import { ownLabels } from '../common.ts';

/** One resource of the stack as plain data: what `index.ts` hands to Pulumi. */
export interface Resource {
  /** Type token, such as `gcp.pubsub.Topic`; `lookup` reads a topic that somebody else owns. */
  readonly type: string;
  /** Unique within its type. */
  readonly name: string;
  /** Inputs, named as in the documentation of the type. */
  readonly args: Readonly<Record<string, unknown>>;
}

/** What differs between stacks; read from `Pulumi.<stack>.yaml`. Holds no secret. */
export interface StackSettings {
  readonly stack: string;
  readonly project: string;
  /** Names Google's service agent of Pub/Sub. */
  readonly projectNumber: string;
  readonly region: string;
  /** Image of every process of Nightshift, with its digest or tag. */
  readonly image: string;
  /** Create our own topics; else they are looked up. Dead-letter topics are always created. */
  readonly createTopics: boolean;
  /** Project of topics that others own. */
  readonly foreignProject: string;
  /** Machine type of Cloud SQL. */
  readonly databaseTier: string;
  readonly highAvailability: boolean;
  readonly maximumReplicas: number;
  /** Where people reach the API: the beginning of links in mails and to webhooks. */
  readonly publicUrl: string;
  /** Sender of mails. */
  readonly mailFrom: string;
  /** Secrets that a process can do without (`optionalSecrets`) and that this stack has. */
  readonly optionalSecrets: readonly string[];
  /** Further variables of every process of Nightshift, as `src/config.ts` documents them; none is a secret. */
  readonly variables: Readonly<Record<string, string>>;
  /** `projects/<p>/notificationChannels/<id>`, told of every alert. */
  readonly notificationChannels: readonly string[];
}

/** A topic that the program needs. */
export interface PlannedTopic {
  readonly name: string;
  /**
   * How messages come there: `direct` straight from a process, `streamed` by change data capture and the outbox,
   * `broker` as dead letters, `foreign` from another system.
   */
  readonly origin: 'direct' | 'streamed' | 'broker' | 'foreign';
}

/** Labels of everything that can carry them. */
export const labelsOf = ({ stack }: StackSettings) => ({
  ...ownLabels,
  stack,
});
