/** A handler threw something else than an error. The attempt has failed. Throw an Error, which tells where. */
export class NoErrorThrownError extends Error {
  override readonly name = 'NoErrorThrownError';

  /** @param thrown in words. */
  constructor(readonly thrown: string) {
    super(`expected the handler to throw an Error, got: ${thrown}`);
  }
}

const isReadable = ({ name, message, stack }: Error): boolean =>
  [name, message, stack ?? ''].every((text) => typeof text === 'string');

const wordsOf = (thrown: unknown): string =>
  typeof thrown === 'string' ? thrown : `a value of type ${typeof thrown}`;

const noError = (words: string): NoErrorThrownError => {
  const error = new NoErrorThrownError(words);
  // It would tell of this line, not of the fault.
  error.stack = '';
  return error;
};

/**
 * What a handler threw, as an error whose name, message and stack can be read: itself if it is one, else one
 * that tells of it. Handlers may throw anything, and whatever it is must not stop their attempt from ending.
 */
export const errorOf = (thrown: unknown): Error => {
  try {
    if (thrown instanceof Error && isReadable(thrown)) return thrown;
  } catch {
    return noError('an error that cannot be read');
  }
  return noError(wordsOf(thrown));
};
