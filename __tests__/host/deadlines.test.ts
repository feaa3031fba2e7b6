import { setDeadline } from '../../src/host/deadlines.ts';

/** Keeps the process alive, as a broker's connection does. */
const waiting = (): { done: () => void; promise: Promise<void> } => {
  const timer = setInterval(() => undefined, 1_000);
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    promise,
    done: () => {
      clearInterval(timer);
      resolve();
    },
  };
};

test('deadlines pass in the order in which they were set, cleared ones never', async () => {
  const passed: string[] = [];
  const end = waiting();
  const first = setDeadline(0.01, () => passed.push('first'));
  setDeadline(0.01, () => passed.push('second'));
  const third = setDeadline(0.01, () => passed.push('third'));
  setDeadline(0.01, () => passed.push('fourth'));
  setDeadline(0.02, end.done);
  first.clear();
  third.clear();
  third.clear();
  await end.promise;
  expect(passed).toEqual(['second', 'fourth']);
});

test('a deadline set after all others were cleared passes as well', async () => {
  const end = waiting();
  setDeadline(0.015, () => undefined).clear();
  setDeadline(0.015, end.done);
  await end.promise;
});

test('a deadline may set the next one when it passes', async () => {
  const end = waiting();
  setDeadline(0.005, () => {
    setDeadline(0.005, end.done);
  });
  await end.promise;
});
