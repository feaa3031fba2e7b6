import { ObjectKeyError } from './errors.ts';

const longest = 512;
const part = '[a-z0-9][a-z0-9._-]*';
const form = new RegExp(`^${part}(/${part})*$`);

/**
 * Object keys are paths that mean the same to every file system and bucket: parts of lower-case letters,
 * digits, `.`, `_` and `-`, each beginning with a letter or digit, joined by `/`. So none is empty, hidden,
 * `..` or absolute.
 *
 * @returns the key
 * @throws ObjectKeyError
 */
export const checkKey = (key: string): string => {
  if (key.length <= longest && form.test(key)) return key;
  throw new ObjectKeyError(key);
};
