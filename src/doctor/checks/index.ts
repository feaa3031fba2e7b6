import type { Check } from '../check.ts';
import { backlogCheck } from './backlog.ts';
import { databaseCheck } from './database.ts';
import { deskDrainCheck } from './desk-drain.ts';
import { deadLettersCheck } from './dead-letters.ts';
import { declarationsCheck } from './declarations.ts';
import { outboxCheck } from './outbox.ts';
import { publicationCheck } from './publication.ts';
import { schemaCheck } from './schema.ts';
import { slotCheck } from './slot.ts';

/** Every check, in the order of its findings. */
export const checks: readonly Check[] = [
  databaseCheck,
  schemaCheck,
  publicationCheck,
  slotCheck,
  outboxCheck,
  deadLettersCheck,
  deskDrainCheck,
  declarationsCheck,
  backlogCheck,
];
