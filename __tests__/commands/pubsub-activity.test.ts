import { activityLine } from '../../src/commands/pubsub-activity.ts';

const before = { published: 10, delivered: 20, finished: 30, backlog: 4 };

it('says nothing when nothing happened', () => {
  expect(activityLine(before, { ...before }, 10)).toBeUndefined();
});

it('tells rates of a second and the backlog', () => {
  const now = { published: 110, delivered: 25, finished: 30, backlog: 99 };
  expect(activityLine(before, now, 10)).toBe(
    'published 10.0/s  delivered 0.5/s  acknowledged 0.0/s  backlog 99',
  );
});

it('tells no negative rate when a subscription took its counts with it', () => {
  const now = { published: 10, delivered: 0, finished: 0, backlog: 0 };
  expect(activityLine(before, now, 10)).toBe(
    'published 0.0/s  delivered 0.0/s  acknowledged 0.0/s  backlog 0',
  );
});
