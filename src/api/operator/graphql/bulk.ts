import { type BulkKind, bulkKinds } from '../../../bulk/kinds.ts';
import { previewBulk } from '../../../bulk/preview.ts';
import {
  type BulkAction,
  bulkTroubles,
  findBulk,
  listBulk,
} from '../../../bulk/read.ts';
import type { BulkTarget } from '../../../bulk/selection.ts';
import { cancelBulk, startBulk } from '../../../bulk/start.ts';
import { operatorOf } from '../../caller.ts';
import type { ApiContext } from '../../context.ts';
import { notFound } from '../../errors.ts';
import { parseInput } from '../../input.ts';
import { cut } from '../../pages.ts';
import { requireRight } from '../access.ts';
import {
  nameOfKind,
  previewInput,
  previewTarget,
  startInput,
  targetOf,
} from '../bulk-input.ts';
import { idParameters, pageQuery, revealBody } from '../input.ts';
import { guardSearch } from '../payload-search.ts';
import type { OperatorMutation, OperatorQuery } from './fields.ts';

const shown = (action: BulkAction) => ({
  ...action,
  kind: nameOfKind(action.kind),
});

const guard = async (
  { con, caller }: ApiContext,
  target: BulkTarget,
): Promise<void> => {
  const { filter } = target;
  if ('payload' in filter) await guardSearch(con, operatorOf(caller), filter);
};

const found = async (
  { con }: Pick<ApiContext, 'con'>,
  id: string,
): Promise<BulkAction> => {
  const action = await findBulk(con.manager, id);
  if (!action) throw notFound('bulk action', id);
  return action;
};

export const bulkQueries: Readonly<Record<string, OperatorQuery>> = {
  bulkPreview: [
    'read',
    async (args, context) => {
      const target = previewTarget(parseInput(previewInput, args));
      await guard(context, target);
      return previewBulk(context.con, target);
    },
  ],
  bulkActions: [
    'read',
    async (args, { con: { manager } }) => {
      const { first, after } = parseInput(pageQuery, args);
      const actions = await listBulk(manager, first + 1, after);
      return cut(actions.map(shown), first);
    },
  ],
  bulkAction: [
    'read',
    async (args, context) => {
      const { id } = parseInput(idParameters, args);
      const [action, troubles] = await Promise.all([
        found(context, id),
        bulkTroubles(context.con.manager, id),
      ]);
      return { action: shown(action), troubles };
    },
  ],
};

const starting = (kind: BulkKind): OperatorMutation => [
  bulkKinds[kind],
  async (args, actor, context) => {
    const { choice, rate, reason } = parseInput(startInput, args);
    const target = targetOf(kind, choice);
    await guard(context, target);
    const id = await startBulk(context.con, { target, rate, reason, actor });
    return shown(await found(context, id));
  },
];

export const bulkMutations: Readonly<Record<string, OperatorMutation>> = {
  redriveInBulk: starting('dead-letters.redrive'),
  resolveInBulk: starting('dead-letters.resolve'),
  retryJobsInBulk: starting('jobs.retry'),
  cancelJobsInBulk: starting('jobs.cancel'),
  retryFlowsInBulk: starting('flows.retry'),
  cancelFlowsInBulk: starting('flows.cancel'),
  cancelBulkAction: [
    [...new Set(Object.values(bulkKinds))],
    async (args, actor, context) => {
      const { id, reason } = parseInput(revealBody, args);
      const { kind } = await found(context, id);
      const operator = operatorOf(context.caller);
      if (operator) requireRight(operator, bulkKinds[kind]);
      await cancelBulk(context.con, id, { actor, reason });
      return true;
    },
  ],
};
