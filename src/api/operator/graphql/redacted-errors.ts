import { redactText } from '../../../dead-letters/redact-text.ts';

/** Fields that repeat what went wrong, by their types: errors may quote what people wrote. */
const fields = {
  DeadLetterGroup: ['error'],
  Resent: ['error'],
  JobDetails: ['error'],
  JobAttempt: ['error', 'log'],
  FlowStep: ['why'],
  JobOfTick: ['error'],
  WebhookDelivery: ['error'],
  RequestedExport: ['error'],
  CausalAttempt: ['error'],
} as const;

const masked = (value: unknown): unknown => {
  if (typeof value === 'string') return redactText(value);
  return Array.isArray(value) ? value.map(masked) : value;
};

/**
 * Resolvers that hide in errors what people wrote, whichever query or subscription they are part of. Whole errors are
 * shown with the entry at the desk that is revealed.
 */
export const redactedErrors = Object.fromEntries(
  Object.entries(fields).map(([type, names]) => [
    type,
    Object.fromEntries(
      names.map((name) => [
        name,
        (parent: Readonly<Record<string, unknown>>) => masked(parent[name]),
      ]),
    ),
  ]),
);
