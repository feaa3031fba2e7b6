import { Bench, ids, SECOND } from './set-up.ts';

const exactlyOnce = () => {
  const bench = new Bench({ exactlyOnce: true });
  bench.publish();
  return bench;
};
const ackIds = (deliveries: readonly { ackId: string }[]): string[] =>
  deliveries.map(({ ackId }) => ackId);

it('refuses the acknowledgement of an expired lease and delivers the message again', () => {
  const bench = exactlyOnce();
  const late = bench.pull();
  bench.advance(10 * SECOND);
  expect(bench.ack(...late)).toEqual(ackIds(late));
  expect(ids(bench.pull())).toEqual(['1']);
});

it('refuses an acknowledgement from the very moment on when the lease ends, noticed or not', () => {
  const bench = exactlyOnce();
  const late = bench.pull();
  bench.now += 10 * SECOND;
  expect(bench.ack(...late)).toEqual(ackIds(late));
  expect(bench.state.statistics().backlog).toBe(1);
});

it('refuses an ack id that a later lease has superseded, and takes the later one', () => {
  const bench = exactlyOnce();
  const first = bench.pull();
  bench.nack(...first);
  const second = bench.pull();
  expect(bench.ack(...first)).toEqual(ackIds(first));
  expect(bench.ack(...second)).toEqual([]);
  expect(bench.state.statistics().backlog).toBe(0);
});

it('refuses to extend or to give back an ended lease, which changes nothing', () => {
  const bench = exactlyOnce();
  const late = bench.pull();
  bench.advance(10 * SECOND);
  const standing = bench.pull();
  expect(bench.extend(600, ...late)).toEqual(ackIds(late));
  expect(bench.nack(...late)).toEqual(ackIds(late));
  expect(bench.pull()).toEqual([]);
  expect(bench.state.nextWake()).toBe(20 * SECOND);
  expect(bench.extend(30, ...standing)).toEqual([]);
  expect(bench.state.nextWake()).toBe(40 * SECOND);
});

it('refuses a second acknowledgement and ids that were never given', () => {
  const bench = exactlyOnce();
  const deliveries = bench.pull();
  expect(bench.ack(...deliveries)).toEqual([]);
  expect(bench.ack(...deliveries)).toEqual(ackIds(deliveries));
  const foreign = [{ ackId: 'other-1-1' }, { ackId: 'bench-9-1' }];
  expect(bench.ack(...foreign)).toEqual(ackIds(foreign));
});

it('takes an ack id that stands twice in one request', () => {
  const bench = exactlyOnce();
  const deliveries = bench.pull();
  expect(bench.ack(...deliveries, ...deliveries)).toEqual([]);
});

it('takes the standing leases of a request whose others are refused', () => {
  const bench = exactlyOnce();
  const late = bench.pull();
  bench.advance(10 * SECOND);
  bench.publish();
  const standing = bench.pull();
  expect(bench.ack(...late, ...standing)).toEqual(ackIds(late));
  expect(bench.state.statistics().backlog).toBe(0);
});

it('refuses the acknowledgement of a follower whose head was nacked', () => {
  const bench = new Bench({ exactlyOnce: true, messageOrdering: true });
  bench.publish('key');
  bench.publish('key');
  const [head, follower] = bench.pull();
  bench.nack(head!);
  expect(bench.ack(follower!)).toEqual([follower!.ackId]);
  expect(ids(bench.pull())).toEqual(['1', '2']);
});

it('refuses nothing on other subscriptions, whatever becomes of it', () => {
  const bench = new Bench();
  bench.publish();
  const late = bench.pull();
  bench.advance(10 * SECOND);
  expect(bench.extend(60, ...late)).toEqual([]);
  expect(bench.ack(...late, ...late, { ackId: 'other-1-1' })).toEqual([]);
});
