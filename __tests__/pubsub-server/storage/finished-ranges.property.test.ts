import fc from '../../random/property.ts';

import { FinishedRanges } from '../../../src/pubsub-server/storage/finished-ranges.ts';
import {
  decodeMessageIds,
  encodeMessageIds,
} from '../../../src/pubsub-server/storage/message-ids.ts';

/** Ids as they stand in a subscription: rising, with those of other topics between them. */
const ids = fc
  .uniqueArray(fc.integer({ min: 0, max: 2 ** 52 }), { maxLength: 60 })
  .map((given) => given.sort((left, right) => left - right));

/** The rows as a database has them after changes, first id to last. */
const applyChanges = (
  rows: Map<number, number>,
  ranges: FinishedRanges,
): void => {
  for (const change of ranges.takeChanges()) {
    const known = rows.has(change.firstId);
    expect(known).toBe(change.kind !== 'add');
    if (change.kind === 'remove') rows.delete(change.firstId);
    else rows.set(change.firstId, change.lastId);
  }
};

test('rows cover exactly the finished messages, in as few runs as there are, whenever they are written', () => {
  fc.assert(
    fc.property(ids, fc.infiniteStream(fc.nat()), (all, choices) => {
      const rows = new Map<number, number>();
      const ranges = new FinishedRanges();
      const left = all.map((id, index) => ({ id, sequence: index + 1 }));
      const finished = new Set<number>();
      while (left.length > 0) {
        const [next] = left.splice(choices.next().value % left.length, 1);
        ranges.add(next!.sequence, next!.id);
        finished.add(next!.id);
        if (choices.next().value % 3 > 0) continue;
        applyChanges(rows, ranges);
        const covered = all.filter((id) =>
          [...rows].some(([first, last]) => first <= id && id <= last),
        );
        expect(covered).toEqual(all.filter((id) => finished.has(id)));
        const runs = all.filter(
          (id, index) => finished.has(id) && !finished.has(all[index - 1]!),
        );
        expect([...rows.keys()].sort((a, b) => a - b)).toEqual(runs);
      }
      applyChanges(rows, ranges);
      expect(ranges.changed).toBe(false);
      expect(rows.size).toBe(all.length === 0 ? 0 : 1);
    }),
  );
});

test('message ids come back from their bytes', () => {
  fc.assert(
    fc.property(ids, (given) => {
      expect(decodeMessageIds(encodeMessageIds(given))).toEqual(given);
    }),
  );
});

test('refuses message ids cut short', () => {
  expect(() =>
    decodeMessageIds(encodeMessageIds([5, 1_000_000]).subarray(0, 2)),
  ).toThrow(RangeError);
});
