import { durationMilliseconds, type Topic } from '../codecs.ts';
import type { StoredMessage } from '../message.ts';
import type { TopicRecord } from '../storage/journal.ts';
import { readAttributes } from '../wire/publish-request.ts';
import { MessageLog } from './message-log.ts';
import type { BrokerSnapshot } from './snapshot.ts';
import type { BrokerSubscription } from './subscription.ts';

const nothing: readonly StoredMessage[] = [];

/** A topic, who listens to it, and what it keeps itself. */
export class BrokerTopic {
  /** What tells it from a topic of the same name before or after it. */
  readonly identity = Symbol('topic');
  readonly subscriptions = new Set<BrokerSubscription>();
  readonly snapshots = new Set<BrokerSnapshot>();
  /** Where it stands on disk, if anywhere. */
  record: TopicRecord | undefined;
  /** The first message that its own retention covers; undefined without one. */
  keepsFrom: number | undefined;
  #resource: Topic;
  /** Only with a message retention of the topic's own. */
  #log: MessageLog | undefined;

  /** @param nextMessageId of the next message of any topic */
  constructor(resource: Topic, nextMessageId: number) {
    this.#resource = resource;
    this.configure(resource, nextMessageId);
  }

  get resource(): Topic {
    return this.#resource;
  }

  /** @param nextMessageId of the next message of any topic */
  configure(resource: Topic, nextMessageId: number): void {
    this.#resource = resource;
    if (this.#retention === undefined) {
      this.#log = undefined;
      this.keepsFrom = undefined;
    } else {
      this.#log ??= new MessageLog();
      this.keepsFrom ??= nextMessageId;
    }
  }

  /** Adds what a server before kept; see {@link keepsFrom}. */
  restore(message: StoredMessage): void {
    this.#log?.add(message);
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
