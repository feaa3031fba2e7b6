import fc from '../../random/property.ts';

import { Entry } from '../../../src/pubsub-server/delivery/entry.ts';
import { RetainedMessages } from '../../../src/pubsub-server/delivery/retained-messages.ts';
import type { StoredMessage } from '../../../src/pubsub-server/message.ts';

const step = fc.oneof(
  fc.record({ do: fc.constant('add' as const), count: fc.nat(700) }),
  fc.record({
    do: fc.constant('add acknowledged' as const),
    count: fc.nat(300),
  }),
  fc.record({
    do: fc.constantFrom('acknowledge' as const, 'retain' as const),
    from: fc.nat(1000),
    count: fc.nat(700),
  }),
  fc.record({ do: fc.constant('remove oldest' as const), count: fc.nat(700) }),
  fc.record({ do: fc.constant('forget acknowledged' as const) }),
  fc.record({ do: fc.constant('clear' as const) }),
);

interface Held {
  readonly message: StoredMessage;
  readonly entry: Entry | undefined;
}

it('holds what a list would hold, in the same order, and finds the same', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25, size: 'max' }), (steps) => {
      const retained = new RetainedMessages();
      let model: Held[] = [];
      let published = 0;
      const next = (): StoredMessage => ({
        id: String((published += 1)),
        bytes: Buffer.alloc(0),
        publishTime: published,
        orderingKey: '',
      });
      const ended: Entry[] = [];
      const end = ({ entry }: Held): void => {
        if (entry !== undefined) ended.push(entry);
      };
      for (const given of steps)
        switch (given.do) {
          case 'add':
            for (let index = 0; index < given.count; index += 1) {
              const message = next();
              model.push({ message, entry: retained.add(message, undefined) });
            }
            break;
          case 'add acknowledged':
            for (let index = 0; index < given.count; index += 1) {
              const message = next();
              retained.addAcknowledged(message);
              model.push({ message, entry: undefined });
            }
            break;
          case 'acknowledge':
          case 'retain': {
            const chosen = model
              .filter(({ entry }) => entry !== undefined)
              .slice(given.from, given.from + given.count);
            for (const held of chosen) {
              retained.acknowledge(held.entry!, given.do === 'retain');
              end(held);
            }
            const ids = new Set(chosen.map(({ message }) => message.id));
            model =
              given.do === 'retain'
                ? model.map((held) =>
                    ids.has(held.message.id)
                      ? { message: held.message, entry: undefined }
                      : held,
                  )
                : model.filter(({ message }) => !ids.has(message.id));
            break;
          }
          case 'remove oldest':
            for (let index = 0; index < given.count; index += 1) {
              retained.removeOldest();
              const held = model.shift();
              if (held !== undefined) end(held);
            }
            break;
          case 'forget acknowledged':
            retained.forgetAcknowledged();
            model = model.filter(({ entry }) => entry !== undefined);
            break;
          default:
            retained.clear();
            model.splice(0).forEach(end);
        }
      const entries = model.flatMap(({ entry }) => entry ?? []);
      expect([...retained.entries()]).toEqual(entries);
      expect(retained.unacknowledged).toBe(entries.length);
      expect(Array.from(retained.messages(), ({ id }) => id)).toEqual(
        model.map(({ message }) => message.id),
      );
      const oldest = retained.oldest();
      expect(oldest instanceof Entry ? oldest.message : oldest).toBe(
        model[0]?.message,
      );
      if (entries.some((entry) => retained.get(entry.sequence) !== entry))
        throw new Error('an entry is not found by its sequence');
      if (ended.some(({ sequence }) => retained.get(sequence) !== undefined))
        throw new Error('an ended entry is found by its sequence');
    }),
    { numRuns: 60 },
  );
});
