import {
  type ASTVisitor,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';

/** Bytes of a request's body. */
export const maximumBody = 256 * 1_024;
/** Levels that a query may nest. */
export const maximumDepth = 8;
/** Levels where GraphiQL is served, whose introspection goes deep. */
export const developmentDepth = 20;
/** Fields that an operation may select, its fragments and aliases written out. */
export const maximumFields = 300;
/** Fields at the top of an operation: aliases are no way to send a hundred mutations at once. */
export const maximumRootFields = 10;
/** Tokens that a document may have; parsing stops there. */
export const maximumTokens = 2_000;

/**
 * Counts fields as execution would meet them. A fragment is counted once and remembered, so that
 * fragments of fragments cost nothing to count; one inside itself counts as endless.
 */
const createCounter = (
  fragmentOf: (name: string) => FragmentDefinitionNode | null | undefined,
) => {
  const counted = new Map<string, number>();

  const countSet = (set: SelectionSetNode | undefined, deep: boolean): number =>
    (set?.selections ?? []).reduce((sum, selection) => {
      switch (selection.kind) {
        case Kind.FIELD:
          return sum + 1 + (deep ? countSet(selection.selectionSet, deep) : 0);
        case Kind.INLINE_FRAGMENT:
          return sum + countSet(selection.selectionSet, deep);
        case Kind.FRAGMENT_SPREAD:
          return sum + countFragment(selection.name.value, deep);
      }
    }, 0);

  const countFragment = (name: string, deep: boolean): number => {
    const key = `${deep ? 'deep' : 'shallow'} ${name}`;
    const known = counted.get(key);
    if (known !== undefined) return known;
    counted.set(key, Infinity);
    const fields = countSet(fragmentOf(name)?.selectionSet, deep);
    counted.set(key, fields);
    return fields;
  };

  return countSet;
};

const tooLarge = (what: string, limit: number, given: number): GraphQLError =>
  new GraphQLError(
    `expected at most ${limit} ${what} in one operation, got: ${given}; send several requests`,
    { extensions: { code: 'QUERY_TOO_LARGE', limit, given: String(given) } },
  );

/** A validation rule that refuses operations that ask for too much at once. */
export const queryLimits = (context: ValidationContext): ASTVisitor => ({
  OperationDefinition: ({ selectionSet }) => {
    const count = createCounter((name) => context.getFragment(name));
    const rootFields = count(selectionSet, false);
    if (rootFields > maximumRootFields)
      context.reportError(
        tooLarge('fields at the top', maximumRootFields, rootFields),
      );
    const fields = count(selectionSet, true);
    if (fields > maximumFields)
      context.reportError(tooLarge('fields', maximumFields, fields));
  },
});
