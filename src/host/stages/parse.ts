import type { Handling } from '../handling.ts';

/** Decodes and validates. Whatever is wrong here no retry can mend. */
export const parse = (handling: Handling): Handling => {
  const { worker, raw } = handling;
  try {
    handling.eventId = worker.eventId(raw);
    handling.data = worker.parse(raw);
    return handling;
  } catch (error) {
    return handling.failed('unparsable', error);
  }
};
