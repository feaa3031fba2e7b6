import type { Consumer } from '../../../src/pubsub-server/delivery/consumer.ts';
import type { Delivery } from '../../../src/pubsub-server/delivery/subscription-state.ts';
import { Bench, ids, SECOND } from './set-up.ts';
import type { Step } from './steps.ts';

export const promises = [
  'loses nothing, and keeps nothing that is acknowledged, dead-lettered, too old or sought away',
  'brings nothing acknowledged back and gives no second lease while one stands',
  'refuses ended leases on exactly-once subscriptions, and nothing on others',
  'has one outstanding run on a key',
  'delivers a key in publish order, and again from a failed message on',
  'counts delivery attempts up by one, but for those that only followed a failed message',
  'delivers nothing before its backoff is over',
  'delivers on demand whatever may be delivered',
  'never exceeds the flow control of a stream',
  'retains for seek what is not acknowledged, and on request what is',
  'tells its observers of every end and every failure, once',
  'wakes before anything is due',
] as const;
export type Promised = (typeof promises)[number];

interface Lease {
  readonly delivery: Delivery;
  readonly holder: Consumer | symbol;
  ends: number;
}

interface Message {
  readonly id: string;
  readonly key: string;
  readonly publishTime: number;
  /** Since when it is as if never delivered: ack ids from before mean nothing. */
  since: number;
  acknowledged: boolean;
  attempts: number;
  failures: number;
  availableAt: number;
  lease: Lease | undefined;
}

const byAge = (left: Message, right: Message): number =>
  Number(left.id) - Number(right.id);
const sorted = (list: readonly string[]): string[] =>
  [...list].sort((left, right) => Number(left) - Number(right));

/**
 * Watches a subscription from outside and knows by simple means, lists of everything, what it may
 * do. What it did otherwise stands in {@link broken}.
 */
export class Model {
  readonly broken = new Map<Promised, string[]>();
  readonly bench: Bench;
  readonly #streams: Consumer[];
  /** Everything within retention that can be sought or delivered, in publish order. */
  #log: Message[] = [];
  readonly #all = new Map<string, Message>();
  /** Every delivery ever made and when, by which late answers choose. */
  readonly #past: { delivery: Delivery; epoch: number }[] = [];
  #epoch = 0;
  #finished: string[] = [];
  #failed: string[] = [];
  #deadLettersSeen = 0;

  constructor(settings: ConstructorParameters<typeof Bench>[0]) {
    this.bench = new Bench(settings);
    this.#streams = [0, 1, 2].map(() => this.#open());
  }

  run(step: Step): void {
    this.#finished = [];
    this.#failed = [];
    this.bench.finished.length = 0;
    this.bench.failed.length = 0;
    this.#do(step);
    this.#compare();
  }

  /** Acknowledges all there is as it becomes deliverable. */
  drain(): void {
    for (let round = 0; this.#live().length > 0 && round < 100; round += 1) {
      this.run({ do: 'pull', count: 1000 });
      this.run({
        do: 'answer',
        how: 'ack',
        late: false,
        which: 0,
        count: 1000,
      });
      if (this.#live().length > 0)
        this.run({ do: 'advance', seconds: 15, punctual: true });
    }
    if (this.#live().length > 0)
      this.#breaks(
        'delivers on demand whatever may be delivered',
        'at the end',
      );
  }

  #do(step: Step): void {
    const { bench } = this;
    switch (step.do) {
      case 'publish': {
        const id = bench.publish(step.key, step.bytes);
        const message: Message = {
          id,
          key: bench.state.settings.messageOrdering ? step.key : '',
          publishTime: bench.now,
          since: this.#epoch,
          acknowledged: false,
          attempts: 0,
          failures: 0,
          availableAt: 0,
          lease: undefined,
        };
        this.#all.set(id, message);
        this.#log.push(message);
        return;
      }
      case 'take': {
        this.#advance();
        const stream = this.#streams[step.stream]!;
        const idle = !this.#leased().some(
          ({ lease }) => lease!.holder === stream,
        );
        const deliveries = bench.take(stream, step.count);
        this.#deliver(stream, deliveries);
        if (idle && deliveries.length === 0) this.#expectNothingLeft();
        return;
      }
      case 'pull': {
        this.#advance();
        const deliveries = bench.pull(step.count);
        this.#deliver(Symbol('pull'), deliveries);
        if (deliveries.length < step.count) this.#expectNothingLeft();
        return;
      }
      case 'answer':
        this.#answer(step);
        return;
      case 'advance':
        bench.now += step.seconds * SECOND;
        if (step.punctual) this.#advance();
        return;
      case 'reopen':
        bench.state.removeConsumer(this.#streams[step.stream]!);
        this.#streams[step.stream] = this.#open();
        return;
      case 'seek back':
        this.#seek(
          this.#log.filter(
            ({ publishTime }) =>
              publishTime >= bench.now - step.seconds * SECOND,
          ),
        );
        return;
      case 'seek to snapshot':
        this.#seek(
          [...this.#all.values()].filter(
            (message) =>
              !this.#tooOld(message) && Number(message.id) % 5 !== step.which,
          ),
        );
        return;
      case 'configure':
        bench.forwards = step.forwards;
        bench.state.settings = { ...bench.state.settings, ...step };
        if (!step.retainAcked) this.#log = this.#live();
    }
  }

  #open(): Consumer {
    return this.bench.stream({
      maxOutstandingMessages: 5,
      maxOutstandingBytes: 300,
    });
  }

  /** What is not acknowledged. */
  #live(): Message[] {
    return this.#log.filter(({ acknowledged }) => !acknowledged);
  }

  #leased(): Message[] {
    return this.#live().filter(({ lease }) => lease !== undefined);
  }

  #tooOld({ publishTime }: Message): boolean {
    return publishTime + this.bench.state.settings.retention <= this.bench.now;
  }

  #end(message: Message): void {
    message.lease = undefined;
    message.acknowledged = true;
    if (!this.bench.state.settings.retainAcked)
      this.#log = this.#log.filter((other) => other !== message);
    this.#finished.push(message.id);
  }

  #advance(): void {
    const { bench } = this;
    bench.advance(0);
    const tooOld = this.#log.filter((message) => this.#tooOld(message));
    for (const message of tooOld) {
      if (!message.acknowledged) this.#finished.push(message.id);
      message.acknowledged = true;
      message.lease = undefined;
    }
    this.#log = this.#log.filter((message) => !tooOld.includes(message));
    this.#fail(this.#leased().filter(({ lease }) => lease!.ends <= bench.now));
  }

  #answer({ how, late, which, count }: Extract<Step, { do: 'answer' }>): void {
    const { bench } = this;
    const candidates = late
      ? this.#past
      : this.#leased().map(({ lease }) => ({
          delivery: lease!.delivery,
          epoch: this.#epoch,
        }));
    if (candidates.length === 0) return;
    const chosen = [
      ...new Set(
        Array.from(
          { length: Math.min(count, candidates.length) },
          (_, index) => candidates[(which + index) % candidates.length]!,
        ),
      ),
    ];
    const deliveries = chosen.map(({ delivery }) => delivery);
    const refusable = bench.state.settings.exactlyOnce;
    const standing = chosen
      .map(({ delivery }) => this.#all.get(delivery.message.id)!)
      .filter(
        ({ lease }, index) =>
          lease?.delivery.ackId === chosen[index]!.delivery.ackId &&
          lease.ends > bench.now,
      );
    const standingIds = standing.map(({ lease }) => lease!.delivery.ackId);
    const expected = refusable
      ? deliveries
          .map(({ ackId }) => ackId)
          .filter((ackId) => !standingIds.includes(ackId))
      : [];
    let refused: readonly string[];
    if (how === 'ack') {
      const counting = refusable
        ? standing
        : chosen
            .map(({ delivery, epoch }) => ({
              message: this.#all.get(delivery.message.id)!,
              epoch,
            }))
            .filter(({ message, epoch }) => message.since <= epoch)
            .map(({ message }) => message);
      refused = bench.ack(...deliveries);
      for (const message of new Set(counting))
        if (!message.acknowledged) this.#end(message);
    } else if (how === 'nack') {
      refused = bench.nack(...deliveries);
      this.#fail(standing);
    } else {
      refused = bench.extend(30, ...deliveries);
      for (const { lease } of standing) lease!.ends = bench.now + 30 * SECOND;
    }
    if (String(refused) !== String(expected))
      this.#breaks(
        'refuses ended leases on exactly-once subscriptions, and nothing on others',
        `refused ${String(refused)}, expected ${String(expected)}`,
      );
  }

  #fail(messages: readonly Message[]): void {
    const { maxDeliveryAttempts, retryPolicy } = this.bench.state.settings;
    const failedKeys = new Set<string>();
    for (const message of [...messages].sort(byAge)) {
      if (message.lease === undefined) continue;
      const { key } = message;
      const follows = key !== '' && failedKeys.has(key);
      if (key !== '') failedKeys.add(key);
      if (!follows) {
        message.failures += 1;
        if (
          maxDeliveryAttempts !== undefined &&
          message.attempts >= maxDeliveryAttempts &&
          this.bench.forwards
        ) {
          this.#end(message);
          this.#deadLettersSeen += 1;
          continue;
        }
        this.#failed.push(
          `${message.id} ${message.attempts} ${message.failures}`,
        );
      }
      for (const other of this.#leased())
        if (other === message || (key !== '' && other.key === key))
          if (byAge(other, message) >= 0) {
            other.lease = undefined;
            other.availableAt = 0;
            if (follows || other !== message) other.attempts -= 1;
          }
      if (!follows && retryPolicy !== undefined)
        message.availableAt =
          this.bench.now +
          Math.min(
            retryPolicy.maximumBackoff,
            retryPolicy.minimumBackoff * 2 ** (message.failures - 1),
          );
    }
  }

  #seek(wanted: readonly Message[]): void {
    const { bench } = this;
    this.#epoch += 1;
    bench.seek(...wanted.map(({ id }) => id));
    if (!bench.state.settings.retainAcked) this.#log = [];
    for (const message of this.#all.values()) {
      message.lease = undefined;
      message.acknowledged = true;
    }
    for (const message of wanted) {
      Object.assign(message, {
        since: this.#epoch,
        acknowledged: false,
        attempts: 0,
        failures: 0,
        availableAt: 0,
      });
      if (!this.#log.includes(message)) this.#log.push(message);
    }
    this.#log.sort(byAge);
  }

  #deliver(holder: Consumer | symbol, deliveries: readonly Delivery[]): void {
    const { bench } = this;
    for (const delivery of deliveries) {
      const message = this.#all.get(delivery.message.id)!;
      if (message.acknowledged || message.lease !== undefined)
        this.#breaks(
          'brings nothing acknowledged back and gives no second lease while one stands',
          message.id,
        );
      if (message.key !== '') this.#checkOrder(holder, message);
      if (message.availableAt > bench.now)
        this.#breaks('delivers nothing before its backoff is over', message.id);
      message.attempts += 1;
      message.lease = { delivery, holder, ends: bench.now + 10 * SECOND };
      const counts = bench.state.settings.maxDeliveryAttempts !== undefined;
      if (delivery.deliveryAttempt !== (counts ? message.attempts : 0))
        this.#breaks(
          'counts delivery attempts up by one, but for those that only followed a failed message',
          message.id,
        );
      this.#past.push({ delivery, epoch: this.#epoch });
    }
    for (const stream of this.#streams) this.#checkFlowControl(stream);
  }

  #checkFlowControl(stream: Consumer): void {
    const held = this.#leased().filter(({ lease }) => lease!.holder === stream);
    const bytes = held.reduce(
      (sum, { lease }) => sum + lease!.delivery.message.bytes.length,
      0,
    );
    if (held.length > 5 || bytes > 300)
      this.#breaks(
        'never exceeds the flow control of a stream',
        `${held.length} messages, ${bytes} bytes`,
      );
  }

  #checkOrder(holder: Consumer | symbol, message: Message): void {
    const others = this.#live().filter(
      (other) => other !== message && other.key === message.key,
    );
    if (others.some(({ lease }) => lease && lease.holder !== holder))
      this.#breaks('has one outstanding run on a key', message.id);
    if (
      others.some(
        (other) => (other.lease !== undefined) !== byAge(other, message) < 0,
      )
    )
      this.#breaks(
        'delivers a key in publish order, and again from a failed message on',
        message.id,
      );
  }

  /** A pull that could have had more had everything. */
  #expectNothingLeft(): void {
    const live = this.#live();
    const left = live.filter(
      ({ id, key, lease, availableAt }) =>
        lease === undefined &&
        availableAt <= this.bench.now &&
        (key === '' ||
          !live.some(
            (other) =>
              other.key === key &&
              (other.lease !== undefined || Number(other.id) < Number(id)),
          )),
    );
    if (left.length > 0)
      this.#breaks(
        'delivers on demand whatever may be delivered',
        String(left.map(({ id }) => id)),
      );
  }

  #compare(): void {
    const { state, finished, failed, deadLetters } = this.bench;
    const live = this.#live();
    this.#same(promises[0], ids([...state.entries()]), live);
    this.#same(
      promises[0],
      [String(deadLetters.length)],
      [{ id: String(this.#deadLettersSeen) }],
    );
    this.#same(
      'retains for seek what is not acknowledged, and on request what is',
      this.bench.retained(),
      this.#log,
    );
    const observers =
      'tells its observers of every end and every failure, once';
    this.#same(
      observers,
      sorted(finished),
      sorted(this.#finished).map((id) => ({ id })),
    );
    this.#same(
      observers,
      failed.map((fields) => Object.values(fields).join(' ')),
      this.#failed.map((id) => ({ id })),
    );
    const due = [
      ...this.#log.map(
        ({ publishTime }) => publishTime + state.settings.retention,
      ),
      ...live.map(({ lease }) => lease?.ends ?? Infinity),
      ...live
        .filter(
          ({ key, lease, availableAt }) =>
            key === '' && lease === undefined && availableAt > this.bench.now,
        )
        .map(({ availableAt }) => availableAt),
    ];
    const wake = state.nextWake() ?? Infinity;
    if (wake > Math.min(...due))
      this.#breaks('wakes before anything is due', `at ${wake}`);
  }

  #same(
    promised: Promised,
    found: readonly string[],
    expected: readonly { id: string }[],
  ): void {
    if (String(found) !== String(expected.map(({ id }) => id)))
      this.#breaks(
        promised,
        `found ${String(found)}, expected ${String(expected.map(({ id }) => id))}`,
      );
  }

  #breaks(promised: Promised, what: string): void {
    this.broken.set(promised, [...(this.broken.get(promised) ?? []), what]);
  }
}
