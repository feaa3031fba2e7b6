import { Delivery } from '../../src/host/delivery.ts';
import { Dispatcher } from '../../src/host/dispatcher.ts';
import type { HandledRecord, Outcome } from '../../src/host/handling.ts';
import type { ServedWorker } from '../../src/host/served-worker.ts';
import { hostMetrics } from '../../src/telemetry/metrics.ts';
import { Log, servedWorker } from './set-up.ts';

/** A dispatcher whose handlers end when the test says so. */
class Bench {
  readonly events = new Log<string>();
  readonly running = new Map<
    string,
    (record: Partial<HandledRecord>) => void
  >();
  readonly overloads: boolean[] = [];
  readonly dispatcher: Dispatcher;
  readonly #worker: ServedWorker;

  constructor(worker: Partial<ServedWorker>) {
    this.#worker = servedWorker({ run: async () => undefined, ...worker });
    this.dispatcher = new Dispatcher({
      worker: this.#worker,
      metrics: hostMetrics('dispatcher-test'),
      onOverload: (overloaded) => this.overloads.push(overloaded),
      handle: (delivery, done) => {
        this.events.add(`run ${delivery.messageId}`);
        delivery.cancellation.onCancel({
          cancelled: () => this.end(delivery.messageId, 'nack'),
        });
        this.running.set(delivery.messageId, (record) =>
          done({
            subscription: this.#worker.subscription,
            messageId: delivery.messageId,
            eventId: undefined,
            outcome: 'ack',
            error: undefined,
            failureKind: undefined,
            failures: undefined,
            abandoned: undefined,
            durationSeconds: 0,
            ...record,
          }),
        );
      },
    });
  }

  receive(messageId: string, orderingKey = '', receivedAt = Date.now()): void {
    const lease = {
      ack: () => this.events.add(`ack ${messageId}`),
      nack: () => this.events.add(`nack ${messageId}`),
    };
    this.dispatcher.receive(
      new Delivery(
        messageId,
        Buffer.alloc(0),
        {},
        new Date(),
        1,
        orderingKey,
        lease,
        receivedAt,
      ),
    );
  }

  /** Ends a running handler and lets the dispatcher take notice. */
  end(messageId: string, outcome: Outcome, abandoned?: Promise<void>): void {
    const resolve = this.running.get(messageId);
    if (!resolve) throw new Error(`expected ${messageId} to run`);
    this.running.delete(messageId);
    resolve({ outcome, abandoned });
  }

  async settle(messageId: string, outcome: Outcome = 'ack'): Promise<void> {
    this.end(messageId, outcome);
    await this.events.until((all) => all.includes(`${outcome} ${messageId}`));
  }
}

test('no more than maxMessages handlers run at once', async () => {
  const bench = new Bench({ maxMessages: 2 });
  for (const name of ['a', 'b', 'c', 'd']) bench.receive(name);
  expect([...bench.running.keys()]).toEqual(['a', 'b']);
  await bench.settle('b');
  expect([...bench.running.keys()]).toEqual(['a', 'c']);
  expect(bench.dispatcher.inFlight).toBe(2);
});

test('a key runs one message at a time while others go on', async () => {
  const bench = new Bench({ ordered: true });
  bench.receive('a1', 'a');
  bench.receive('a2', 'a');
  bench.receive('b1', 'b');
  bench.receive('free');
  bench.receive('free too');
  expect([...bench.running.keys()]).toEqual(['a1', 'b1', 'free', 'free too']);
  await bench.settle('a1');
  expect([...bench.running.keys()]).toContain('a2');
});

test('a failed head is tried again in place, its key held and its slot free', async () => {
  const bench = new Bench({ ordered: true, maxMessages: 1 });
  bench.receive('head', 'a');
  bench.receive('follower', 'a');
  bench.receive('other', 'b');
  bench.end('head', 'nack');
  await bench.events.until((all) => all.includes('run other'));
  await bench.settle('other');
  await bench.events.until(
    (all) => all.filter((event) => event === 'run head').length === 2,
  );
  expect(bench.events.entries).not.toContain('nack head');
  expect(bench.events.entries).not.toContain('run follower');
  bench.end('head', 'dead-letter');
  await bench.events.until((all) => all.includes('run follower'));
  expect(bench.events.entries).toContain('ack head');
});

test('a redelivery of a message in hand joins it instead of running beside it', async () => {
  const bench = new Bench({});
  bench.receive('twice');
  bench.receive('twice');
  bench.end('twice', 'ack');
  await bench.events.count(3);
  expect(bench.events.entries).toEqual(['run twice', 'ack twice', 'ack twice']);
});

test('what waited longer than its bound is nacked unrun', () => {
  const bench = new Bench({ timeoutSeconds: 1 });
  bench.receive('late', '', Date.now() - 60_000);
  expect(bench.events.entries).toEqual(['nack late']);
});

test('a head whose lease would not last gives its key back whole, and strays wait for it', () => {
  const bench = new Bench({ ordered: true, timeoutSeconds: 1 });
  bench.receive('head', 'a', Date.now() - 2 * 3_600_000);
  bench.receive('stray', 'a');
  expect(bench.events.entries).toEqual(['nack head', 'nack stray']);
  bench.receive('head', 'a');
  bench.receive('stray', 'a');
  expect(bench.events.entries.slice(2)).toEqual(['run head']);
});

test('drain gives back what is queued, and followers only once their head has ended', async () => {
  const bench = new Bench({ ordered: true, maxMessages: 1 });
  bench.receive('head', 'a');
  bench.receive('follower', 'a');
  bench.receive('queued', 'b');
  bench.receive('behind queued', 'b');
  bench.receive('loose');
  bench.dispatcher.drain();
  expect(bench.events.entries.slice(1).sort()).toEqual([
    'nack behind queued',
    'nack loose',
    'nack queued',
  ]);
  bench.end('head', 'ack');
  await bench.dispatcher.idle();
  expect(bench.events.entries.slice(4)).toEqual(['ack head', 'nack follower']);
  bench.receive('late');
  expect(bench.events.entries.at(-1)).toBe('nack late');
});

test('drain gives a failed head back with everything behind it', async () => {
  const bench = new Bench({ ordered: true });
  bench.receive('head', 'a');
  bench.receive('follower', 'a');
  bench.dispatcher.drain();
  bench.end('head', 'nack');
  await bench.dispatcher.idle();
  expect(bench.events.entries.slice(1)).toEqual(['nack head', 'nack follower']);
});

test('drain gives back a head that waits to be tried again', async () => {
  const bench = new Bench({
    ordered: true,
    retryBackoff: { minimumSeconds: 600, maximumSeconds: 600 },
  });
  bench.receive('head', 'a');
  bench.receive('follower', 'a');
  bench.receive('other');
  bench.end('head', 'nack');
  await bench.settle('other');
  bench.dispatcher.drain();
  await bench.dispatcher.idle();
  expect(bench.events.entries.slice(-2)).toEqual([
    'nack head',
    'nack follower',
  ]);
});

test('abort ends what runs and gives it back', async () => {
  const bench = new Bench({ ordered: true });
  bench.receive('head', 'a');
  bench.receive('follower', 'a');
  bench.dispatcher.drain();
  bench.dispatcher.abort(new Error('limit'));
  await bench.dispatcher.idle();
  expect(bench.events.entries.slice(1)).toEqual(['nack head', 'nack follower']);
});

test('a key stays held until the handler that was given up on has ended', async () => {
  const bench = new Bench({ ordered: true, maxMessages: 1 });
  const handler = Promise.withResolvers<void>();
  bench.receive('head', 'a');
  bench.receive('follower', 'a');
  bench.receive('other', 'b');
  bench.end('head', 'dead-letter', handler.promise);
  await bench.events.until((all) => all.includes('run other'));
  await bench.settle('other');
  expect(bench.events.entries).not.toContain('run follower');
  handler.resolve();
  await bench.events.until((all) => all.includes('run follower'));
});

test('a transactional head frees its key at once: a cut connection has no effects', async () => {
  const bench = new Bench({ ordered: true, transactional: true });
  bench.receive('head', 'a');
  bench.receive('follower', 'a');
  bench.end('head', 'dead-letter', Promise.withResolvers<void>().promise);
  await bench.events.until((all) => all.includes('run follower'));
});

test('with too many given-up handlers running on nothing starts until they end', async () => {
  const bench = new Bench({ maxMessages: 1 });
  const handlers = [1, 2, 3].map(() => Promise.withResolvers<void>());
  for (const [index, { promise }] of handlers.entries()) {
    bench.receive(`stuck ${index}`);
    bench.end(`stuck ${index}`, 'nack', promise);
    await bench.events.until((all) => all.includes(`nack stuck ${index}`));
  }
  expect(bench.overloads).toEqual([true]);
  bench.receive('turned away');
  expect(bench.events.entries.at(-1)).toBe('nack turned away');
  for (const handler of handlers) handler.resolve();
  await Promise.all(handlers.map(({ promise }) => promise));
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(bench.overloads).toEqual([true, false]);
  bench.receive('welcome');
  expect([...bench.running.keys()]).toEqual(['welcome']);
});
