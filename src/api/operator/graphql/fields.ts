import type { OperatorRight } from '../../../config.ts';
import type { ApiContext } from '../../context.ts';
import { requireOperator } from '../../caller.ts';
import { toClientError } from '../../client-errors.ts';
import { parseInput } from '../../input.ts';
import type { OperatorAccess } from '../access.ts';
import { operatorHeader } from '../input.ts';

type Arguments = Readonly<Record<string, unknown>>;
type Fields<Field> = Readonly<Record<string, Field>>;

/** The right that a field asks for, and its answer from its arguments and the request. */
export type OperatorQuery = readonly [
  right: OperatorRight,
  answer: (args: Arguments, context: ApiContext) => Promise<unknown>,
];

/** As a query; `actor` is who does it, for the audit log. One of several rights is enough for a look at what is asked. */
export type OperatorMutation = readonly [
  right: OperatorRight | readonly OperatorRight[],
  answer: (
    args: Arguments,
    actor: string,
    context: ApiContext,
  ) => Promise<unknown>,
];

/** As a query, but answered again and again. */
export type OperatorSubscription = readonly [
  right: OperatorRight,
  follow: (
    args: Arguments,
    context: ApiContext,
  ) => AsyncIterableIterator<unknown>,
];

/** Arguments that are `null` count as not given, as clients mean them. */
const given = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(given);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([name, inner]) => [name, given(inner)]),
  );
};

const inClientTerms = async <Answer>(
  answer: () => Promise<Answer>,
): Promise<Answer> => {
  try {
    return await answer();
  } catch (error) {
    throw toClientError(error);
  }
};

const mapFields = <From, To>(fields: Fields<From>, map: (field: From) => To) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, map(field)]),
  );

/** Makes resolvers that answer operators who have the right, and nobody else. */
export const operatorQueries = (
  fields: Fields<OperatorQuery>,
  access: OperatorAccess,
) =>
  mapFields(
    fields,
    ([right, answer]) =>
      (_: unknown, args: Arguments, context: ApiContext) =>
        inClientTerms(async () => {
          requireOperator(context.caller, access, right);
          return answer(given(args) as Arguments, context);
        }),
  );

/** As `operatorQueries`; whoever changes something also has to have a name. */
export const operatorMutations = (
  fields: Fields<OperatorMutation>,
  access: OperatorAccess,
) =>
  mapFields(
    fields,
    ([right, answer]) =>
      (_: unknown, args: Arguments, context: ApiContext) =>
        inClientTerms(async () => {
          const { name } = requireOperator(context.caller, access, right);
          const { 'x-operator': actor } = parseInput(operatorHeader, {
            'x-operator': name,
          });
          return answer(given(args) as Arguments, actor, context);
        }),
  );

/** As `operatorQueries`, for fields of `Subscription`. */
export const operatorSubscriptions = (
  fields: Fields<OperatorSubscription>,
  access: OperatorAccess,
) =>
  mapFields(fields, ([right, follow]) => ({
    subscribe: (_: unknown, args: Arguments, context: ApiContext) =>
      inClientTerms(async () => {
        requireOperator(context.caller, access, right);
        return follow(given(args) as Arguments, context);
      }),
  }));
