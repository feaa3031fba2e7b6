import type { EntityManager } from 'typeorm';

import { listActions } from '../../dead-letters/audit.ts';
import type { AuditLog } from '../../entity/infrastructure/index.ts';
import { cut, type Page } from '../pages.ts';
import type { OperatorCaller } from './access.ts';

/** Of short values that people wrote: whoever guesses one can see by its hash that it is right. */
const hashes: ReadonlySet<string> = new Set(['sha256', 'original', 'edited']);

const withoutHashes = ({ filter, ...action }: AuditLog): AuditLog => ({
  ...action,
  filter: JSON.parse(JSON.stringify(filter), (name, value: unknown) =>
    hashes.has(name) ? '(hidden)' : value,
  ) as AuditLog['filter'],
});

/** A page of the audit log, the newest first; hashes of payloads take the right to reveal. */
export const pageOfActions = async (
  manager: EntityManager,
  operator: Pick<OperatorCaller, 'rights'> | undefined,
  {
    first,
    after,
  }: {
    readonly first: number;
    readonly after?: string | undefined;
  },
): Promise<Page<AuditLog>> => {
  const found = await listActions(manager, first + 1, after);
  return cut(
    operator?.rights.has('reveal') ? found : found.map(withoutHashes),
    first,
  );
};
