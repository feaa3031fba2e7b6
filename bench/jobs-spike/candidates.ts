import { ownTable } from './own-table.ts';
import { pgBoss } from './pg-boss.ts';

export const candidates = { pgBoss, ownTable } as const;
export type CandidateName = keyof typeof candidates;
export const names = Object.keys(candidates) as CandidateName[];
