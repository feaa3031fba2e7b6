import { operatorOf } from '../../caller.ts';
import type { ApiContext } from '../../context.ts';
import { parseInput } from '../../input.ts';
import { requireRight } from '../access.ts';
import { pageOfActions } from '../actions.ts';
import {
  deskEntries,
  type DeskDependencies,
  type DeskEntry,
  deskGroups,
  previewChosen,
  previewEdit,
  redactedEntry,
  redriveChosen,
  resendEdited,
  resolveChosen,
  revealedEntry,
} from '../desk.ts';
import {
  editBody,
  groupsQuery,
  idParameters,
  listQuery,
  pageQuery,
  previewBody,
  redriveBody,
  resendBody,
  resolveBody,
  revealBody,
} from '../input.ts';
import { guardSearch, type Searching } from '../payload-search.ts';
import type { OperatorMutation, OperatorQuery } from './fields.ts';

/** What a dry run does not count. */
const nothingDone = {
  dryRun: false,
  redriven: 0,
  duplicates: 0,
  failed: 0,
  skipped: 0,
  left: 0,
  results: [],
};

/** Filters and choices are objects in GraphQL; the desk has one list of fields for both APIs. */
const flat = ({
  filter,
  choice,
  ...others
}: Readonly<Record<string, unknown>>) => ({
  ...others,
  ...(filter as object | undefined),
  ...(choice as object | undefined),
});

const guarded = <Input extends Searching>(
  { con, caller }: ApiContext,
  input: Input,
): Promise<Input> => guardSearch(con, operatorOf(caller), input);

/** Whoever has a payload of their own compared with a stored one learns the stored one by guessing. */
const requireReveal = (context: ApiContext): void => {
  const operator = operatorOf(context.caller);
  if (operator) requireRight(operator, 'reveal');
};

const detailsOf = ({
  errorStack,
  attributes,
  document,
  payload,
  ...entry
}: DeskEntry) => ({ entry, errorStack, attributes, document, payload });

export const deskQueries = (
  desk: DeskDependencies,
): Readonly<Record<string, OperatorQuery>> => ({
  deadLetters: [
    'read',
    async (args, context) =>
      deskEntries(
        desk,
        await guarded(context, parseInput(listQuery, flat(args))),
      ),
  ],
  deadLetterGroups: [
    'read',
    async (args, context) =>
      deskGroups(
        desk,
        await guarded(context, parseInput(groupsQuery, flat(args))),
      ),
  ],
  deadLetter: [
    'read',
    async (args) =>
      detailsOf(await redactedEntry(desk, parseInput(idParameters, args).id)),
  ],
  redrivePreview: [
    'read',
    async (args, context) =>
      previewChosen(
        desk,
        await guarded(context, parseInput(previewBody, flat(args))),
      ),
  ],
  editPreview: [
    'edit',
    async (args, context) => {
      requireReveal(context);
      return previewEdit(desk, parseInput(editBody, args));
    },
  ],
  operatorActions: [
    'read',
    (args, context) =>
      pageOfActions(
        desk.dataSource.manager,
        operatorOf(context.caller),
        parseInput(pageQuery, args),
      ),
  ],
});

export const deskMutations = (
  desk: DeskDependencies,
): Readonly<Record<string, OperatorMutation>> => ({
  redriveDeadLetters: [
    'redrive',
    async (args, actor, context) => ({
      ...nothingDone,
      ...(await redriveChosen(
        desk,
        actor,
        await guarded(context, parseInput(redriveBody, flat(args))),
      )),
    }),
  ],
  resolveDeadLetters: [
    'resolve',
    async (args, actor, context) =>
      resolveChosen(
        desk,
        actor,
        await guarded(context, parseInput(resolveBody, flat(args))),
      ),
  ],
  resendDeadLetter: [
    'edit',
    async (args, actor, context) => {
      requireReveal(context);
      return resendEdited(desk, actor, parseInput(resendBody, args));
    },
  ],
  revealDeadLetter: [
    'reveal',
    async (args, actor) =>
      detailsOf(await revealedEntry(desk, actor, parseInput(revealBody, args))),
  ],
});
