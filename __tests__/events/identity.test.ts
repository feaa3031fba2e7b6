import { validate, version } from 'uuid';

import { eventId } from '../../src/events/identity.ts';

const cause = (id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11') => {
  let ordinal = 0;
  return { id, subscription: 'post-upvoted-rep', nextOrdinal: () => ordinal++ };
};

describe('eventId', () => {
  it('is a new UUIDv7 outside of handlers, whatever the key', () => {
    const first = eventId('user-created', undefined, 'key');
    const second = eventId('user-created', undefined, 'key');
    expect(first).not.toBe(second);
    expect([version(first), version(second)]).toEqual([7, 7]);
  });

  it('numbers the calls of one run, and numbers the next run alike', () => {
    const run = () => {
      const current = cause();
      return [1, 2, 3].map(() => eventId('user-created', current));
    };
    const first = run();
    expect(new Set(first).size).toBe(3);
    expect(run()).toEqual(first);
    expect(first.every((id) => validate(id) && version(id) === 5)).toBe(true);
  });

  it('does not depend on the order of keyed calls, which take no number', () => {
    const forwards = cause();
    const a = eventId('user-created', forwards, 'a');
    const b = eventId('user-created', forwards, 'b');
    const plain = eventId('user-created', forwards);
    const backwards = cause();
    expect(eventId('user-created', backwards, 'b')).toBe(b);
    expect(eventId('user-created', backwards)).toBe(plain);
    expect(eventId('user-created', backwards, 'a')).toBe(a);
  });

  it('differs by cause, subscription, topic, and between a number and a key', () => {
    const ids = [
      eventId('user-created', cause()),
      eventId('user-created', cause('another message')),
      eventId('user-created', { ...cause(), subscription: 'api-cdc' }),
      eventId('user-updated', cause()),
      eventId('user-created', cause(), '0'),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('stays what it is over releases, or redelivered events would come twice', () => {
    expect(eventId('user-created', cause())).toBe(
      '45d83ff7-e0a2-5d11-a1d7-bb12f582d5e7',
    );
  });
});
