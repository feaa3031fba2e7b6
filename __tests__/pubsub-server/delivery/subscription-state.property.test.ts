import fc from 'fast-check';

import type { Consumer } from '../../../src/pubsub-server/delivery/consumer.ts';
import type { Delivery } from '../../../src/pubsub-server/delivery/subscription-state.ts';
import { Bench, SECOND } from './set-up.ts';

const KEYS = ['', 'a', 'b', 'c'];

const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      key: fc.constantFrom(...KEYS),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('take' as const),
      stream: fc.nat(2),
      count: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('pull' as const),
      count: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'ack' as const,
        'nack' as const,
        'extend' as const,
        'late ack' as const,
        'late nack' as const,
      ),
      which: fc.nat(50),
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      seconds: fc.integer({ min: 1, max: 15 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('reopen' as const),
      stream: fc.nat(2),
    }),
  },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

interface Lease {
  readonly delivery: Delivery;
  readonly holder: Consumer | 'pull';
  ends: number;
}

/** Watches a subscription from outside and knows by simple means what it may do. */
class Observer {
  readonly bench: Bench;
  readonly streams: Consumer[];
  readonly acknowledged = new Set<string>();
  /** The ordering key of every published message. */
  readonly keys = new Map<string, string>();
  /** Every delivery ever made, by which late answers choose. */
  readonly past: Delivery[] = [];
  /** Leases that stand, by message. */
  leases = new Map<string, Lease>();

  constructor(settings: ConstructorParameters<typeof Bench>[0]) {
    this.bench = new Bench(settings);
    this.streams = [0, 1, 2].map(() => this.#open());
  }

  #open(): Consumer {
    return this.bench.stream({ maxOutstandingMessages: 5 });
  }

  run(step: Action): void {
    switch (step.do) {
      case 'publish':
        this.keys.set(this.bench.publish(step.key), step.key);
        return;
      case 'take': {
        const stream = this.streams[step.stream]!;
        this.#deliver(stream, this.bench.take(stream, step.count));
        return;
      }
      case 'pull':
        this.#deliver('pull', this.bench.pull(step.count));
        return;
      case 'advance':
        this.bench.advance(step.seconds * SECOND);
        for (const [id, { delivery, ends }] of this.leases)
          if (ends <= this.bench.now) this.#failed(id, delivery);
        return;
      case 'reopen':
        this.bench.state.removeConsumer(
          this.streams[step.stream]!,
          this.bench.now,
        );
        this.streams[step.stream] = this.#open();
        return;
      default:
        this.#answer(step.do, step.which, step.count);
    }
  }

  #answer(
    kind: 'ack' | 'nack' | 'extend' | 'late ack' | 'late nack',
    which: number,
    count: number,
  ): void {
    const late = kind.startsWith('late');
    const candidates = late
      ? this.past
      : [...this.leases.values()].map(({ delivery }) => delivery);
    if (candidates.length === 0) return;
    const chosen = [
      ...new Set(
        Array.from(
          { length: count },
          (_, index) => candidates[(which + index) % candidates.length]!,
        ),
      ),
    ];
    if (kind.endsWith('nack')) {
      this.bench.nack(...chosen);
      const standing = chosen.filter(
        (delivery) =>
          this.leases.get(delivery.message.id)?.delivery.ackId ===
          delivery.ackId,
      );
      for (const delivery of standing.sort(byId))
        this.#failed(delivery.message.id, delivery);
    } else if (kind.endsWith('ack')) {
      this.bench.ack(...chosen);
      for (const { message } of chosen) {
        this.leases.delete(message.id);
        this.acknowledged.add(message.id);
      }
    } else {
      this.bench.extend(30, ...chosen);
      for (const { message } of chosen)
        this.leases.get(message.id)!.ends = this.bench.now + 30 * SECOND;
    }
  }

  /** The lease ends, and those of everything behind it on its key. */
  #failed(id: string, { message: { orderingKey } }: Delivery): void {
    if (!this.leases.delete(id) || orderingKey === '') return;
    for (const [other, lease] of this.leases)
      if (
        lease.delivery.message.orderingKey === orderingKey &&
        Number(other) > Number(id)
      )
        this.leases.delete(other);
  }

  #deliver(holder: Consumer | 'pull', deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      const { id, orderingKey } = delivery.message;
      expect(this.acknowledged).not.toContain(id);
      expect(this.leases.has(id)).toBe(false);
      if (orderingKey !== '') this.#checkOrder(holder, delivery, deliveries);
      this.leases.set(id, {
        delivery,
        holder,
        ends: this.bench.now + 10 * SECOND,
      });
      this.past.push(delivery);
    }
    if (holder !== 'pull') {
      const held = [...this.leases.values()].filter(
        (lease) => lease.holder === holder,
      );
      expect(held.length).toBeLessThanOrEqual(5);
    }
  }

  #checkOrder(
    holder: Consumer | 'pull',
    { message }: Delivery,
    together: readonly Delivery[],
  ): void {
    for (const [id, lease] of this.leases) {
      if (lease.delivery.message.orderingKey !== message.orderingKey) continue;
      // Never a second run: what is outstanding of the key is with the same stream or in this very answer.
      const sameRun =
        holder === 'pull'
          ? together.includes(lease.delivery)
          : lease.holder === holder;
      expect(sameRun).toBe(true);
      expect(Number(id)).toBeLessThan(Number(message.id));
    }
    // Nothing older of the key is left behind: it is acknowledged, dead or leased before this one.
    const left = [...this.keys].filter(
      ([id, key]) =>
        Number(id) < Number(message.id) &&
        key === message.orderingKey &&
        !this.acknowledged.has(id) &&
        !this.#dead(id) &&
        !this.leases.has(id),
    );
    expect(left).toEqual([]);
  }

  #dead(id: string): boolean {
    return this.bench.deadLetters.some(({ message }) => message.id === id);
  }

  /** Everything that is neither acknowledged nor dead still arrives. */
  drain(): void {
    for (let round = 0; round < 10_000; round += 1) {
      if (this.bench.state.statistics().backlog === 0) break;
      const deliveries = this.bench.pull();
      this.#deliver('pull', deliveries);
      for (const delivery of deliveries)
        this.acknowledged.add(delivery.message.id);
      this.bench.ack(...deliveries);
      for (const { message } of deliveries) this.leases.delete(message.id);
      if (deliveries.length === 0) this.run({ do: 'advance', seconds: 15 });
    }
    const lost = [...this.keys.keys()].filter(
      (id) => !this.acknowledged.has(id) && !this.#dead(id),
    );
    expect(lost).toEqual([]);
  }
}
const byId = (left: Delivery, right: Delivery): number =>
  Number(left.message.id) - Number(right.message.id);

const settings = fc.record({
  messageOrdering: fc.constant(true),
  retryPolicy: fc.constantFrom(undefined, {
    minimumBackoff: 2 * SECOND,
    maximumBackoff: 10 * SECOND,
  }),
  maxDeliveryAttempts: fc.constantFrom(undefined, 5),
});

it('never has two outstanding runs on a key, brings nothing acknowledged back and loses nothing', () => {
  fc.assert(
    fc.property(
      settings,
      fc.array(action, { maxLength: 120 }),
      (given, steps) => {
        const observer = new Observer(given);
        for (const step of steps) observer.run(step);
        observer.drain();
      },
    ),
    { numRuns: 400 },
  );
});
