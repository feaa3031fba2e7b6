import { unavailable } from '../errors.ts';
import type { Journal } from '../storage/journal.ts';
import type { Method } from './method.ts';

const refuse = (failure: unknown): never => {
  throw unavailable(
    failure instanceof Error ? failure.message : String(failure),
  );
};

/**
 * Methods whose answers wait until what they changed is on disk. Refusals wait, too: of an Acknowledge
 * some ids may have been taken and others refused. While the disk refuses to write nothing is
 * changed any more, and the answer is UNAVAILABLE, which clients retry.
 */
export const durable = (
  methods: readonly Method[],
  journal: Journal,
): readonly Method[] =>
  methods.map((method) =>
    method.changes
      ? {
          ...method,
          answer: async (request, context) => {
            if (journal.failure !== undefined) refuse(journal.failure);
            try {
              return await method.answer(request, context);
            } finally {
              await journal.settled().catch(refuse);
            }
          },
        }
      : method,
  );
