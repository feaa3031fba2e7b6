import { listPauses } from '../subscriptions/pauses.ts';
import type { Patient } from './check.ts';

/** Subscriptions from which nobody is meant to receive. Without the database, another check says so, and none counts. */
export const pausedNames = async (
  patient: Pick<Patient, 'query'>,
): Promise<ReadonlySet<string>> => {
  const pauses = await listPauses(patient).catch(() => []);
  return new Set(pauses.map(({ subscription }) => subscription));
};
