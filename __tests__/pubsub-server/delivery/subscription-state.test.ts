import { Bench, ids, SECOND } from './set-up.ts';

describe('leases', () => {
  it('delivers in publish order and not again while the lease runs', () => {
    const bench = new Bench();
    bench.publish();
    bench.publish();
    expect(ids(bench.pull())).toEqual(['1', '2']);
    bench.advance(10 * SECOND - 1);
    expect(bench.pull()).toEqual([]);
  });

  it('delivers again once the lease has run out', () => {
    const bench = new Bench();
    bench.publish();
    bench.pull();
    expect(bench.state.nextWake()).toBe(10 * SECOND);
    bench.advance(10 * SECOND);
    expect(ids(bench.pull())).toEqual(['1']);
  });

  it('keeps an extended lease until its new end', () => {
    const bench = new Bench();
    bench.publish();
    const deliveries = bench.pull();
    bench.advance(9 * SECOND);
    bench.extend(60, ...deliveries);
    bench.advance(59 * SECOND);
    expect(bench.pull()).toEqual([]);
    bench.advance(SECOND);
    expect(ids(bench.pull())).toEqual(['1']);
  });

  it('ends a lease at its new deadline, be it sooner than the old, and extends it once more', () => {
    const bench = new Bench();
    bench.publish();
    const deliveries = bench.pull();
    bench.extend(60, ...deliveries);
    bench.extend(2, ...deliveries);
    expect(bench.state.nextWake()).toBe(2 * SECOND);
    bench.advance(SECOND);
    bench.extend(30, ...deliveries);
    bench.advance(29 * SECOND);
    expect(bench.pull()).toEqual([]);
    expect(bench.state.nextWake()).toBe(31 * SECOND);
    bench.extend(2, ...deliveries);
    bench.advance(2 * SECOND);
    expect(ids(bench.pull())).toEqual(['1']);
  });

  it('delivers at once again after a nack without a retry policy', () => {
    const bench = new Bench();
    bench.publish();
    bench.nack(...bench.pull());
    expect(ids(bench.pull())).toEqual(['1']);
  });

  it('never delivers what was acknowledged', () => {
    const bench = new Bench();
    bench.publish();
    bench.ack(...bench.pull());
    bench.advance(3600 * SECOND);
    expect(bench.pull()).toEqual([]);
    expect(bench.state.statistics().backlog).toBe(0);
  });

  it('accepts a late acknowledgement, but no late nack or extension', () => {
    const bench = new Bench();
    bench.publish();
    const late = bench.pull();
    bench.advance(10 * SECOND);
    const second = bench.pull();
    bench.nack(...late);
    bench.extend(600, ...late);
    expect(bench.pull()).toEqual([]);
    bench.ack(...late);
    bench.nack(...second);
    expect(bench.pull()).toEqual([]);
  });

  it('ignores the ack ids of another subscription', () => {
    const bench = new Bench();
    bench.publish();
    bench.pull();
    bench.ack({ ackId: 'other-1-1' });
    expect(bench.state.statistics().backlog).toBe(1);
  });

  it('goes by the deadline of the stream where it has one', () => {
    const bench = new Bench();
    bench.publish();
    bench.take(bench.stream({ ackDeadlineSeconds: 60 }));
    expect(bench.state.nextWake()).toBe(60 * SECOND);
  });

  it('keeps the messages of a closed stream leased until they expire', () => {
    const bench = new Bench();
    bench.publish();
    const stream = bench.stream();
    bench.take(stream);
    bench.state.removeConsumer(stream);
    expect(bench.pull()).toEqual([]);
    bench.advance(10 * SECOND);
    expect(ids(bench.pull())).toEqual(['1']);
  });
});

describe('flow control', () => {
  it('leases no more messages than the stream allows until one is settled', () => {
    const bench = new Bench();
    for (let count = 0; count < 5; count += 1) bench.publish();
    const stream = bench.stream({ maxOutstandingMessages: 2 });
    const first = bench.take(stream);
    expect(ids(first)).toEqual(['1', '2']);
    expect(bench.take(stream)).toEqual([]);
    bench.ack(...first.slice(0, 1));
    expect(ids(bench.take(stream))).toEqual(['3']);
  });

  it('leases no more bytes than the stream allows, but one message of any size', () => {
    const bench = new Bench();
    bench.publish('', 1000);
    bench.publish('', 60);
    bench.publish('', 60);
    const stream = bench.stream({ maxOutstandingBytes: 100 });
    const large = bench.take(stream);
    expect(ids(large)).toEqual(['1']);
    bench.ack(...large);
    expect(ids(bench.take(stream))).toEqual(['2']);
  });

  it('frees the bytes of what is given back', () => {
    const bench = new Bench();
    bench.publish('', 60);
    bench.publish('', 60);
    const stream = bench.stream({ maxOutstandingBytes: 100 });
    bench.nack(...bench.take(stream));
    expect(stream.outstandingBytes).toBe(0);
    bench.ack(...bench.take(stream));
    expect(ids(bench.take(stream))).toEqual(['1']);
  });

  it('frees the room of an expired lease', () => {
    const bench = new Bench();
    bench.publish();
    const stream = bench.stream({ maxOutstandingMessages: 1 });
    bench.take(stream);
    bench.advance(10 * SECOND);
    expect(ids(bench.take(stream))).toEqual(['1']);
  });
});

describe('retry policy', () => {
  const retryPolicy = {
    minimumBackoff: 10 * SECOND,
    maximumBackoff: 35 * SECOND,
  };

  it('doubles the wait with each failure up to the maximum', () => {
    const bench = new Bench({ retryPolicy });
    bench.publish();
    let delivered = bench.pull();
    for (const wait of [10, 20, 35, 35]) {
      bench.nack(...delivered);
      bench.advance(wait * SECOND - 1);
      expect(bench.pull()).toEqual([]);
      bench.advance(1);
      delivered = bench.pull();
      expect(ids(delivered)).toEqual(['1']);
    }
  });

  it('counts an expired lease as a failure', () => {
    const bench = new Bench({ retryPolicy });
    bench.publish();
    bench.pull();
    bench.advance(10 * SECOND);
    expect(bench.pull()).toEqual([]);
    bench.advance(10 * SECOND);
    expect(ids(bench.pull())).toEqual(['1']);
  });

  it('lets other messages pass one that is backing off', () => {
    const bench = new Bench({ retryPolicy });
    bench.publish();
    bench.nack(...bench.pull());
    bench.publish();
    expect(ids(bench.pull())).toEqual(['2']);
    expect(bench.state.nextWake()).toBe(10 * SECOND);
  });
});

describe('dead-letter policy', () => {
  it('counts delivery attempts only with a policy', () => {
    const without = new Bench();
    without.publish();
    expect(without.pull()[0]?.deliveryAttempt).toBe(0);
    const bench = new Bench({ maxDeliveryAttempts: 5 });
    bench.publish();
    const first = bench.pull();
    expect(first[0]?.deliveryAttempt).toBe(1);
    bench.nack(...first);
    expect(bench.pull()[0]?.deliveryAttempt).toBe(2);
  });

  it('forwards a message whose last attempt failed, once', () => {
    const bench = new Bench({ maxDeliveryAttempts: 5 });
    bench.publish();
    for (let attempt = 1; attempt <= 5; attempt += 1)
      bench.nack(...bench.pull());
    expect(bench.pull()).toEqual([]);
    expect(bench.deadLetters).toMatchObject([
      { message: { id: '1' }, attempts: 5 },
    ]);
    expect(bench.state.statistics()).toMatchObject({
      backlog: 0,
      deadLettered: 1,
    });
  });

  it('forwards after an expired last lease as after a nack', () => {
    const bench = new Bench({ maxDeliveryAttempts: 5 });
    bench.publish();
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      bench.pull();
      bench.advance(10 * SECOND);
    }
    expect(bench.deadLetters).toHaveLength(1);
  });

  it('goes on delivering while there is no topic to forward to', () => {
    const bench = new Bench({ maxDeliveryAttempts: 5 });
    bench.forwards = false;
    bench.publish();
    for (let attempt = 1; attempt <= 7; attempt += 1)
      bench.nack(...bench.pull());
    const [delivery] = bench.pull();
    expect(delivery?.deliveryAttempt).toBe(8);
    bench.forwards = true;
    bench.nack(delivery!);
    expect(bench.deadLetters).toMatchObject([{ attempts: 8 }]);
  });

  it('lets the followers of a forwarded message of the same key go on', () => {
    const bench = new Bench({ maxDeliveryAttempts: 5, messageOrdering: true });
    bench.publish('key');
    bench.publish('key');
    for (let attempt = 1; attempt <= 5; attempt += 1)
      bench.nack(...bench.pull(1));
    expect(bench.deadLetters).toHaveLength(1);
    expect(ids(bench.pull())).toEqual(['2']);
  });

  it('forwards no innocent that only followed a failing message', () => {
    const bench = new Bench({ maxDeliveryAttempts: 5, messageOrdering: true });
    for (let count = 0; count < 5; count += 1) bench.publish('key');
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      bench.pull();
      bench.advance(10 * SECOND);
    }
    expect(ids(bench.deadLetters)).toEqual(['1']);
    expect(ids(bench.pull())).toEqual(['2', '3', '4', '5']);
  });

  it('forwards no innocent at its own first failure, whatever it followed before', () => {
    const bench = new Bench({ maxDeliveryAttempts: 5, messageOrdering: true });
    bench.publish('key');
    bench.publish('key');
    for (let attempt = 1; attempt <= 5; attempt += 1)
      bench.nack(bench.pull()[0]!);
    expect(ids(bench.deadLetters)).toEqual(['1']);
    bench.advance(10 * SECOND);
    const [innocent] = bench.pull();
    expect(innocent).toMatchObject({
      message: { id: '2' },
      deliveryAttempt: 2,
    });
    bench.nack(innocent!);
    expect(ids(bench.deadLetters)).toEqual(['1']);
  });
});

describe('ordering keys', () => {
  const ordered = (settings = {}) =>
    new Bench({ messageOrdering: true, ...settings });

  it('gives nobody else a key while its run is outstanding', () => {
    const bench = ordered();
    bench.publish('key');
    const holder = bench.stream();
    const other = bench.stream();
    const run = bench.take(holder);
    bench.publish('key');
    expect(bench.take(other)).toEqual([]);
    expect(bench.pull()).toEqual([]);
    bench.ack(...run);
    expect(ids(bench.take(other))).toEqual(['2']);
  });

  it('extends the run of a live stream', () => {
    const bench = ordered();
    bench.publish('key');
    const holder = bench.stream();
    bench.take(holder);
    bench.publish('key');
    expect(ids(bench.take(holder))).toEqual(['2']);
  });

  it('forgets the stream that held a key before', () => {
    const bench = ordered();
    bench.publish('key');
    const first = bench.stream();
    const second = bench.stream();
    const run = bench.take(first);
    bench.publish('key');
    bench.ack(...run);
    expect(ids(bench.take(second))).toEqual(['2']);
    bench.publish('key');
    expect(bench.take(first)).toEqual([]);
    expect(ids(bench.take(second))).toEqual(['3']);
  });

  it('waits for the run of a closed stream to end', () => {
    const bench = ordered();
    bench.publish('key');
    const holder = bench.stream();
    const other = bench.stream();
    const run = bench.take(holder);
    bench.publish('key');
    bench.state.removeConsumer(holder);
    expect(bench.take(other)).toEqual([]);
    bench.ack(...run);
    expect(ids(bench.take(other))).toEqual(['2']);
  });

  it('delivers again from the failed message on', () => {
    const bench = ordered();
    for (let count = 0; count < 4; count += 1) bench.publish('key');
    const run = bench.pull();
    bench.ack(run[0]!);
    bench.nack(run[1]!);
    expect(ids(bench.pull())).toEqual(['2', '3', '4']);
  });

  it('does not deliver again what was acknowledged behind the failed message', () => {
    const bench = ordered();
    for (let count = 0; count < 3; count += 1) bench.publish('key');
    const run = bench.pull();
    bench.ack(run[1]!);
    bench.nack(run[0]!);
    expect(ids(bench.pull())).toEqual(['1', '3']);
  });

  it('holds the whole key back while its head backs off, and no other key', () => {
    const retryPolicy = { minimumBackoff: SECOND, maximumBackoff: SECOND };
    const bench = ordered({ retryPolicy });
    bench.publish('key');
    bench.publish('key');
    bench.nack(...bench.pull(1));
    bench.publish('other');
    bench.publish();
    expect(ids(bench.pull())).toEqual(['3', '4']);
    bench.advance(SECOND);
    expect(ids(bench.pull())).toEqual(['1', '2']);
  });

  it('holds back a follower that backs off longer than its head', () => {
    const retryPolicy = { minimumBackoff: SECOND, maximumBackoff: 60 * SECOND };
    const bench = ordered({ retryPolicy });
    const stream = bench.stream({ ackDeadlineSeconds: 600 });
    bench.publish('key');
    bench.publish('key');
    const [head, follower] = bench.take(stream);
    bench.nack(follower!);
    bench.advance(SECOND);
    bench.nack(...bench.take(stream));
    bench.nack(head!);
    bench.advance(SECOND);
    expect(ids(bench.take(stream))).toEqual(['1']);
    bench.advance(SECOND);
    expect(ids(bench.take(stream))).toEqual(['2']);
  });

  it('counts only the head of what is nacked together as failed', () => {
    const retryPolicy = { minimumBackoff: SECOND, maximumBackoff: 60 * SECOND };
    const bench = ordered({ retryPolicy });
    for (let count = 0; count < 3; count += 1) bench.publish('key');
    bench.nack(...bench.pull().reverse());
    expect(bench.pull()).toEqual([]);
    bench.advance(SECOND);
    const again = bench.pull();
    expect(ids(again)).toEqual(['1', '2', '3']);
    bench.nack(again[1]!);
    expect(bench.state.nextWake()).toBe(2 * SECOND);
  });

  it('treats keys as plain messages in a subscription without ordering', () => {
    const bench = new Bench();
    bench.publish('key');
    bench.publish('key');
    bench.nack(...bench.pull(1));
    expect(ids(bench.pull())).toEqual(['2', '1']);
  });
});

it('tells the operator backlog, leases, attempts and the age of the oldest message', () => {
  const bench = new Bench();
  bench.now = 5000;
  bench.publish();
  bench.publish();
  bench.nack(...bench.pull(1));
  bench.pull(1);
  expect(bench.state.statistics()).toEqual({
    backlog: 2,
    outstanding: 1,
    oldestPublishTime: 5000,
    deliveryAttemptsMax: 1,
    deadLettered: 0,
  });
});

it('goes on in another state machine with what is not acknowledged, and its backoff grows on', () => {
  const retryPolicy = { minimumBackoff: SECOND, maximumBackoff: 60 * SECOND };
  const bench = new Bench({ retryPolicy, maxDeliveryAttempts: 5 });
  bench.publish();
  bench.publish();
  bench.nack(...bench.pull(1));
  bench.ack(...bench.pull(1));
  const next = new Bench({ retryPolicy, maxDeliveryAttempts: 5 });
  for (const entry of bench.state.entries()) next.state.restore(entry, 0);
  const deliveries = next.pull();
  expect(deliveries).toMatchObject([
    { message: { id: '1' }, deliveryAttempt: 2 },
  ]);
  next.nack(...deliveries);
  expect(next.state.nextWake()).toBe(2 * SECOND);
});
