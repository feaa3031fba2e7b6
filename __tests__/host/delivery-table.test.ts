import { Delivery } from '../../src/host/delivery.ts';
import { DeliveryTable } from '../../src/host/delivery-table.ts';

const lease = { ack: () => undefined, nack: () => undefined };

const delivery = (messageId: string) =>
  new Delivery(messageId, Buffer.alloc(0), {}, new Date(), 1, '', lease, 0);

// Of two chains each must hold many.
test.each([1, 2, 64])(
  'a table made for %s finds every delivery by its message id until it is taken out',
  (capacity) => {
    const table = new DeliveryTable(capacity);
    const model = new Map<string, Delivery>();
    for (let step = 0; step < 1_000; step += 1) {
      const messageId = `${17_000_000_000 + ((step * 7) % 31)}`;
      const known = model.get(messageId);
      if (known) {
        table.delete(known);
        model.delete(messageId);
      } else {
        const added = delivery(messageId);
        table.add(added);
        model.set(messageId, added);
      }
      for (const [id, expected] of model) expect(table.get(id)).toBe(expected);
      if (known) expect(table.get(messageId)).toBeUndefined();
    }
    expect(new Set(table.values())).toEqual(new Set(model.values()));
  },
);

test('taking out what is not there changes nothing', () => {
  const table = new DeliveryTable(1);
  const held = delivery('a');
  table.add(held);
  table.delete(delivery('b'));
  table.delete(delivery('a'));
  expect(table.get('a')).toBe(held);
  table.delete(held);
  table.delete(held);
  expect(table.values()).toEqual([]);
});
