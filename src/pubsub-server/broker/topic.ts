import { durationMilliseconds, type Topic } from '../codecs.ts';
import type { StoredMessage } from '../message.ts';
import { readAttributes } from '../wire/publish-request.ts';
import { MessageLog } from './message-log.ts';
import type { BrokerSnapshot } from './snapshot.ts';
import type { BrokerSubscription } from './subscription.ts';

const nothing: readonly StoredMessage[] = [];

/** A topic, who listens to it, and what it keeps itself. */
export class BrokerTopic {
  readonly subscriptions = new Set<BrokerSubscription>();
  readonly snapshots = new Set<BrokerSnapshot>();
  #resource: Topic;
  /** Only with a message retention of the topic's own. */
  #log: MessageLog | undefined;

  constructor(resource: Topic) {
    this.#resource = resource;
    this.resource = resource;
  }

  get resource(): Topic {
    return this.#resource;
  }

  set resource(resource: Topic) {
    this.#resource = resource;
    this.#log =
      this.#retention === undefined
        ? undefined
        : (this.#log ?? new MessageLog());
  }

  /** False if a message published now would be seen by nobody, ever. */
  get keepsMessages(): boolean {
    return (
      this.subscriptions.size > 0 ||
      this.snapshots.size > 0 ||
      this.#log !== undefined
    );
  }

  /** What it still has of its own retention, in publish order. */
  retained(now: number): Iterable<StoredMessage> {
    this.forgetExpired(now);
    return this.#log ?? nothing;
  }

  /** Gives a message to everyone whose filter admits it. */
  publish(message: StoredMessage): void {
    let attributes: Map<string, string> | undefined;
    for (const subscription of this.subscriptions) {
      if (subscription.filter !== undefined)
        attributes ??= readAttributes(message.bytes);
      if (subscription.admits(attributes)) subscription.publish(message);
    }
    for (const snapshot of this.snapshots) snapshot.messages.add(message);
    if (this.#log === undefined) return;
    this.#log.add(message);
    this.forgetExpired(message.publishTime);
  }

  forgetExpired(now: number): void {
    this.#log?.forgetBefore(now - (this.#retention ?? 0));
  }

  get #retention(): number | undefined {
    return durationMilliseconds(this.#resource.messageRetentionDuration);
  }
}
