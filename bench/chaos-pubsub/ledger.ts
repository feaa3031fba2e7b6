/** A message as the server sends it. */
export interface DeliveredMessage {
  readonly id: string;
  /** Of the publisher; a publish that was retried may give one number to several messages. */
  readonly number: number;
  /** Empty without one. */
  readonly orderingKey: string;
}

/** How many violations are told in words; all are counted. */
const VIOLATIONS_TOLD = 20;

/** What one subscription has received. */
class Received {
  readonly ids = new Set<string>();
  readonly numbers = new Set<number>();
  readonly confirmed = new Set<string>();
  /** Of each key, the last message that came for the first time. */
  readonly last = new Map<string, { id: bigint; number: number }>();
  deliveries = 0;
}

/** Writes down what the server promised, and notices when it does not hold. */
export class Ledger {
  readonly #acknowledged = new Map<string, Map<string, number>>();
  readonly #received = new Map<string, Received>();
  readonly violations: string[] = [];
  violationCount = 0;

  /** The server told the publisher that it has a message. */
  acknowledged(topic: string, id: string, number: number): void {
    const ofTopic = this.#acknowledged.get(topic) ?? new Map<string, number>();
    this.#acknowledged.set(topic, ofTopic);
    if (ofTopic.has(id))
      this.violation(`${topic}: two publishes were given the id ${id}`);
    ofTopic.set(id, number);
  }

  get acknowledgedCount(): number {
    let count = 0;
    for (const ofTopic of this.#acknowledged.values()) count += ofTopic.size;
    return count;
  }

  delivered(
    subscription: string,
    { id, number, orderingKey }: DeliveredMessage,
  ): void {
    const received = this.#of(subscription);
    received.deliveries += 1;
    if (received.confirmed.has(id))
      this.violation(
        `${subscription}: ${id} was delivered after its acknowledgement had been confirmed`,
      );
    if (orderingKey !== '' && !received.ids.has(id)) {
      const last = received.last.get(orderingKey);
      if (last !== undefined && BigInt(id) < last.id)
        this.violation(
          `${subscription}: of key ${orderingKey}, ${id} came for the first time after ${last.id}`,
        );
      if (
        last !== undefined &&
        !received.numbers.has(number) &&
        number < last.number
      )
        this.violation(
          `${subscription}: of key ${orderingKey}, number ${number} came for the first time after ${last.number}`,
        );
      received.last.set(orderingKey, {
        id: BigInt(id),
        number: Math.max(number, last?.number ?? 0),
      });
    }
    received.ids.add(id);
    received.numbers.add(number);
  }

  /** The server told a subscriber that an acknowledgement counts. */
  confirmed(subscription: string, id: string): void {
    this.#of(subscription).confirmed.add(id);
  }

  /** Of what was acknowledged to publishers of a topic, what a subscription never received. */
  missing(
    topic: string,
    subscription: string,
    wanted: (number: number) => boolean = () => true,
  ): string[] {
    const { ids } = this.#of(subscription);
    return [...(this.#acknowledged.get(topic) ?? [])]
      .filter(([id, number]) => wanted(number) && !ids.has(id))
      .map(([id]) => id);
  }

  /** Likewise by number, for messages that were forwarded and so have another id. */
  missingNumbers(
    topic: string,
    subscription: string,
    wanted: (number: number) => boolean,
  ): number[] {
    const { numbers } = this.#of(subscription);
    return [...new Set(this.#acknowledged.get(topic)?.values() ?? [])].filter(
      (number) => wanted(number) && !numbers.has(number),
    );
  }

  violation(words: string): void {
    this.violationCount += 1;
    if (this.violations.length < VIOLATIONS_TOLD) this.violations.push(words);
  }

  counts(subscription: string) {
    const { deliveries, ids, confirmed } = this.#of(subscription);
    return {
      messages: ids.size,
      again: deliveries - ids.size,
      ...(confirmed.size > 0 && { confirmed: confirmed.size }),
    };
  }

  #of(subscription: string): Received {
    const received = this.#received.get(subscription) ?? new Received();
    this.#received.set(subscription, received);
    return received;
  }
}
