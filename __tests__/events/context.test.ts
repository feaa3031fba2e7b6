import { currentCause, withCause } from '../../src/events/context.ts';

const cause = (id: string) => ({
  id,
  subscription: 'context-tests',
  manager: undefined,
});

test('a cause reaches all that its handler awaits, and nothing that runs after or beside it', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const seen = (id: string) =>
    withCause(cause(id), async () => {
      await promise;
      return currentCause()?.id;
    });
  const both = [seen('first'), seen('second')];
  expect(currentCause()).toBeUndefined();
  resolve();
  expect(await Promise.all(both)).toEqual(['first', 'second']);
  expect(currentCause()).toBeUndefined();
});

test('a handler called by another one has its own cause, and the other one its own again afterwards', () => {
  const ids = withCause(cause('outer'), () => {
    const inner = withCause(cause('inner'), () => currentCause()?.id);
    return [inner, currentCause()?.id];
  });
  expect(ids).toEqual(['inner', 'outer']);
});

test('a handler that throws at once leaves no cause behind', () => {
  expect(() =>
    withCause(cause('thrower'), () => {
      throw new Error('at once');
    }),
  ).toThrow('at once');
  expect(currentCause()).toBeUndefined();
});
