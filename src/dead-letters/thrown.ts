import { NoErrorThrownError } from './errors.ts';

const isReadable = ({ name, message, stack }: Error): boolean =>
  [name, message, stack ?? ''].every((text) => typeof text === 'string');

const wordsOf = (thrown: unknown): string =>
  typeof thrown === 'string' ? thrown : `a value of type ${typeof thrown}`;

/**
 * What a handler threw, as an error whose name, message and stack can be read: itself if it is one, else one
 * that tells of it. Handlers may throw anything, and whatever it is must not stop their attempt from ending.
 */
export const errorOf = (thrown: unknown): Error => {
  try {
    if (thrown instanceof Error && isReadable(thrown)) return thrown;
  } catch {
    return new NoErrorThrownError('an error that cannot be read');
  }
  return new NoErrorThrownError(wordsOf(thrown));
};
