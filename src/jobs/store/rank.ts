import { type QueuePriority, TenantTier } from '../queue.ts';

/** Lifts every enterprise job over all others, its priority still counting among its own. */
export const enterpriseRank = 100;

/** Place of a job before fairness decides. */
export const rankOf = (
  priority: QueuePriority | number,
  tier: string | undefined,
): number =>
  tier === TenantTier.ENTERPRISE ? priority + enterpriseRank : priority;
