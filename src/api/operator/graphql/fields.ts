import type { ApiContext } from '../../context.ts';
import { requireOperator } from '../../caller.ts';
import { toClientError } from '../../client-errors.ts';
import { parseInput } from '../../input.ts';
import { operatorHeader } from '../input.ts';

/** What a field for operators needs to know: its arguments, and the request. */
export type OperatorQuery = (
  args: Readonly<Record<string, unknown>>,
  context: ApiContext,
) => Promise<unknown>;

/** @param actor who does it, for the audit log. */
export type OperatorMutation = (
  args: Readonly<Record<string, unknown>>,
  actor: string,
  context: ApiContext,
) => Promise<unknown>;

type Arguments = Readonly<Record<string, unknown>>;
type Fields<Field> = Readonly<Record<string, Field>>;

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

/**
 * Makes resolvers that answer operators alone.
 *
 * @param open whether operators have a secret at all.
 */
export const operatorQueries = (fields: Fields<OperatorQuery>, open: boolean) =>
  mapFields(
    fields,
    (field) => (_: unknown, args: Arguments, context: ApiContext) =>
      inClientTerms(async () => {
        requireOperator(context.caller, open);
        return field(given(args) as Arguments, context);
      }),
  );

/** As `operatorQueries`; whoever changes something also has to give a name. */
export const operatorMutations = (
  fields: Fields<OperatorMutation>,
  open: boolean,
) =>
  mapFields(
    fields,
    (field) => (_: unknown, args: Arguments, context: ApiContext) =>
      inClientTerms(async () => {
        const { name } = requireOperator(context.caller, open);
        const { 'x-operator': actor } = parseInput(operatorHeader, {
          'x-operator': name,
        });
        return field(given(args) as Arguments, actor, context);
      }),
  );
