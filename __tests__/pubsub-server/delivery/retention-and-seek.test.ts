import { Bench, ids, SECOND } from './set-up.ts';

const MINUTE = 60 * SECOND;

/** Three messages, a minute apart. */
const threeMessages = (
  settings: ConstructorParameters<typeof Bench>[0] = {},
  key = '',
) => {
  const bench = new Bench({ ackDeadlineSeconds: 600, ...settings });
  bench.publish(key);
  bench.advance(MINUTE);
  bench.publish(key);
  bench.advance(MINUTE);
  bench.publish(key);
  return bench;
};

describe('retention', () => {
  const retention = 5 * MINUTE;

  it('forgets what is too old, oldest first, and wakes for it', () => {
    const bench = threeMessages({ retention });
    expect(bench.state.nextWake()).toBe(5 * MINUTE);
    bench.advance(3 * MINUTE);
    expect(bench.retained()).toEqual(['2', '3']);
    expect(bench.state.nextWake()).toBe(6 * MINUTE);
    bench.advance(MINUTE);
    expect(ids(bench.pull())).toEqual(['3']);
    expect(bench.finished).toEqual(['1', '2']);
  });

  it('forgets a leased message, too, and frees the room it had', () => {
    const bench = new Bench({ retention, exactlyOnce: true });
    bench.publish();
    const stream = bench.stream({ ackDeadlineSeconds: 600 });
    const deliveries = bench.take(stream);
    bench.advance(5 * MINUTE);
    expect(stream).toMatchObject({
      outstandingMessages: 0,
      outstandingBytes: 0,
    });
    expect(bench.ack(...deliveries)).toEqual([deliveries[0]!.ackId]);
  });

  it('neither forwards nor counts as failed what is too old when its lease ends', () => {
    const bench = new Bench({
      retention: 10 * SECOND,
      maxDeliveryAttempts: 1,
    });
    bench.publish();
    bench.pull();
    bench.advance(10 * SECOND);
    expect(bench.deadLetters).toEqual([]);
    expect(bench.failed).toEqual([]);
    expect(bench.finished).toEqual(['1']);
  });

  it('lets a key go on whose outstanding head has become too old', () => {
    const bench = threeMessages({ retention, messageOrdering: true }, 'key');
    bench.pull(1);
    expect(bench.pull()).toEqual([]);
    bench.advance(3 * MINUTE);
    expect(ids(bench.pull())).toEqual(['2', '3']);
  });

  it('lets a key go on whose head became too old while it backed off', () => {
    const retryPolicy = { minimumBackoff: 600_000, maximumBackoff: 600_000 };
    const bench = threeMessages(
      { retention, messageOrdering: true, retryPolicy },
      'key',
    );
    bench.nack(...bench.pull(1));
    bench.advance(3 * MINUTE);
    expect(ids(bench.pull())).toEqual(['2', '3']);
  });

  it('goes by a shortened retention at once', () => {
    const bench = threeMessages({ retention });
    bench.state.settings = { ...bench.state.settings, retention: MINUTE };
    bench.advance(0);
    expect(bench.retained()).toEqual(['3']);
  });

  it('forgets acknowledged messages that are too old without telling of them again', () => {
    const bench = threeMessages({ retention, retainAcked: true });
    bench.ack(...bench.pull());
    expect(bench.finished).toEqual(['1', '2', '3']);
    bench.advance(10 * MINUTE);
    expect(bench.retained()).toEqual([]);
    expect(bench.state.nextWake()).toBeUndefined();
    expect(bench.finished).toEqual(['1', '2', '3']);
  });
});

describe('retained messages', () => {
  it('are those not acknowledged, unless acknowledged ones are retained', () => {
    for (const [retainAcked, left] of [
      [false, ['2', '3']],
      [true, ['1', '2', '3']],
    ] as const) {
      const bench = threeMessages({ retainAcked });
      bench.ack(...bench.pull(1));
      expect(bench.retained()).toEqual(left);
      expect(bench.state.statistics()).toMatchObject({
        backlog: 2,
        oldestPublishTime: MINUTE,
      });
    }
  });

  it('begin with what is not acknowledged when retaining is turned on, and end when it is turned off', () => {
    const bench = threeMessages();
    const retain = (retainAcked: boolean): void => {
      bench.state.settings = { ...bench.state.settings, retainAcked };
    };
    bench.ack(...bench.pull(1));
    retain(true);
    bench.ack(...bench.pull(1));
    expect(bench.retained()).toEqual(['2', '3']);
    retain(false);
    expect(bench.retained()).toEqual(['3']);
    retain(true);
    expect(bench.retained()).toEqual(['3']);
  });
});

describe('seek', () => {
  it('forward acknowledges everything, and late answers change nothing', () => {
    const bench = threeMessages();
    const deliveries = bench.pull(2);
    bench.seek();
    expect(bench.state.statistics()).toMatchObject({
      backlog: 0,
      outstanding: 0,
    });
    bench.nack(...deliveries);
    bench.advance(3600 * SECOND);
    expect(bench.pull()).toEqual([]);
    bench.publish();
    expect(ids(bench.pull())).toEqual(['4']);
  });

  it('back delivers again in publish order, without the attempts of before', () => {
    const bench = threeMessages({ retainAcked: true, maxDeliveryAttempts: 5 });
    const deliveries = bench.pull();
    bench.nack(deliveries[2]!);
    bench.ack(...deliveries.slice(0, 2));
    bench.seek('2', '3');
    expect(bench.pull()).toMatchObject([
      { message: { id: '2' }, deliveryAttempt: 1 },
      { message: { id: '3' }, deliveryAttempt: 1 },
    ]);
  });

  it('forward and back again delivers what was retained', () => {
    const bench = threeMessages({ retainAcked: true });
    bench.seek();
    bench.seek('3');
    expect(bench.retained()).toEqual(['1', '2', '3']);
    bench.state.seek(bench.state.retained(), bench.now);
    expect(ids(bench.pull())).toEqual(['1', '2', '3']);
  });

  it('delivers what the subscription itself had not retained', () => {
    const bench = threeMessages();
    bench.ack(...bench.pull());
    bench.publish();
    bench.seek('2', '4');
    expect(bench.retained()).toEqual(['2', '4']);
    expect(ids(bench.pull())).toEqual(['2', '4']);
  });

  it('is not undone by the answer to a lease from before it', () => {
    const bench = threeMessages();
    const before = bench.pull();
    bench.seek('1', '2', '3');
    bench.ack(...before);
    expect(ids(bench.pull())).toEqual(['1', '2', '3']);
  });

  it('frees the room of the streams whose leases it ends', () => {
    const bench = threeMessages();
    const stream = bench.stream({ maxOutstandingMessages: 3 });
    bench.take(stream);
    bench.seek('1');
    expect(stream.outstandingMessages).toBe(0);
    expect(ids(bench.take(stream))).toEqual(['1']);
  });

  it('gives a key to anybody, whoever had its run', () => {
    const bench = threeMessages({ messageOrdering: true }, 'key');
    bench.take(bench.stream(), 1);
    bench.seek('1', '2', '3');
    expect(ids(bench.take(bench.stream()))).toEqual(['1', '2', '3']);
  });

  it('ends the backoff of what it delivers again', () => {
    const retryPolicy = { minimumBackoff: 600_000, maximumBackoff: 600_000 };
    const bench = threeMessages({ retryPolicy });
    bench.nack(...bench.pull());
    bench.seek('1');
    expect(ids(bench.pull())).toEqual(['1']);
  });

  it('tells no observer: who seeks knows', () => {
    const bench = threeMessages();
    bench.pull();
    bench.seek('3');
    expect(bench.finished).toEqual([]);
    expect(bench.failed).toEqual([]);
  });
});

it('forgets everything when it is detached', () => {
  const bench = threeMessages({ retainAcked: true, messageOrdering: true });
  bench.publish('key');
  const stream = bench.stream();
  bench.ack(...bench.take(stream, 1));
  bench.state.detach();
  expect(bench.retained()).toEqual([]);
  expect(bench.state.nextWake()).toBeUndefined();
  expect(stream.outstandingMessages).toBe(0);
  expect(bench.take(stream)).toEqual([]);
});
