import fc from '../random/property.ts';

import { AcknowledgementTracker } from '../../src/cdc/acknowledgements.ts';

const createTracker = () => {
  const confirmed: bigint[] = [];
  const tracker = new AcknowledgementTracker((lsn) => confirmed.push(lsn));
  const transaction = (endLsn: bigint, messages: number) => {
    tracker.begin();
    const acknowledge = Array.from({ length: messages }, () => tracker.track());
    tracker.commit(endLsn);
    return acknowledge;
  };
  return { tracker, confirmed, transaction };
};

describe('what is confirmed to Postgres', () => {
  it('is the first of two adjacent commits when only that is acknowledged', () => {
    const { tracker, transaction } = createTracker();
    const [first] = transaction(100n, 1);
    transaction(101n, 1);
    first!();
    expect(tracker.confirmed).toBe(100n);
  });

  it('is nothing while an earlier commit waits, then everything at once', () => {
    const { tracker, confirmed, transaction } = createTracker();
    const [first] = transaction(100n, 1);
    const [second] = transaction(200n, 1);
    const [third] = transaction(300n, 1);
    third!();
    second!();
    expect(tracker.confirmed).toBe(0n);
    first!();
    expect(confirmed).toEqual([300n]);
  });

  it('is nothing of a transaction whose commit is not read yet', () => {
    const { tracker } = createTracker();
    tracker.begin();
    tracker.track()();
    expect(tracker.confirmed).toBe(0n);
    tracker.commit(100n);
    expect(tracker.confirmed).toBe(100n);
  });

  it('takes a keepalive only when nothing is on its way', () => {
    const { tracker, transaction } = createTracker();
    tracker.keepalive(50n);
    expect(tracker.confirmed).toBe(50n);
    const [first] = transaction(100n, 1);
    tracker.keepalive(500n);
    first!();
    expect(tracker.confirmed).toBe(100n);
    tracker.begin();
    tracker.keepalive(600n);
    expect(tracker.confirmed).toBe(100n);
  });

  it('never goes back', () => {
    const { tracker, transaction } = createTracker();
    tracker.keepalive(500n);
    transaction(100n, 0);
    expect(tracker.confirmed).toBe(500n);
  });

  it('is always the end of the last transaction before the first unacknowledged message', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3 }), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.infiniteStream(fc.nat()),
        (sizes, choices) => {
          const { tracker, transaction } = createTracker();
          const left = [...sizes];
          const pending = sizes.flatMap((size, index) =>
            transaction(BigInt(index + 1), size).map((acknowledge) => ({
              index,
              acknowledge,
            })),
          );
          while (pending.length > 0) {
            const choice = choices.next().value! % pending.length;
            const [{ index, acknowledge }] = pending.splice(choice, 1) as [
              (typeof pending)[number],
            ];
            acknowledge();
            left[index]! -= 1;
            const waiting = left.findIndex((count) => count > 0);
            const expected = waiting < 0 ? sizes.length : waiting;
            expect(tracker.confirmed).toBe(BigInt(expected));
          }
        },
      ),
    );
  });
});
