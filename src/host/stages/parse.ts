import type { Handling } from '../handling.ts';

/** Decodes and validates. Whatever is wrong here no retry can mend. */
export const parse = (handling: Handling): Handling => {
  const { worker, raw } = handling;
  let eventId: string | undefined;
  try {
    eventId = worker.eventId(raw);
    return { ...handling, eventId, data: worker.parse(raw) };
  } catch (error) {
    return { ...handling, eventId, failure: { kind: 'unparsable', error } };
  }
};
