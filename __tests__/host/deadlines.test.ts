import { Deadline, setDeadline } from '../../src/host/deadlines.ts';

class Calling extends Deadline {
  constructor(readonly passed: () => void) {
    super();
  }
}

const set = (seconds: number, passed: () => void): Deadline => {
  const deadline = new Calling(passed);
  setDeadline(deadline, seconds);
  return deadline;
};

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
  const first = set(0.01, () => passed.push('first'));
  set(0.01, () => passed.push('second'));
  const third = set(0.01, () => passed.push('third'));
  set(0.01, () => passed.push('fourth'));
  set(0.02, end.done);
  first.clear();
  third.clear();
  third.clear();
  await end.promise;
  expect(passed).toEqual(['second', 'fourth']);
});

test('a deadline set after all others were cleared passes as well', async () => {
  const end = waiting();
  set(0.015, () => undefined).clear();
  set(0.015, end.done);
  await end.promise;
});

test('a deadline may set the next one when it passes', async () => {
  const end = waiting();
  set(0.005, () => {
    set(0.005, end.done);
  });
  await end.promise;
});
