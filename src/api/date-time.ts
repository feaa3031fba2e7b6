import { GraphQLScalarType } from 'graphql';

/** Only ever part of answers. */
export const dateTime = new GraphQLScalarType<never, string>({
  name: 'DateTime',
  serialize: (value) => {
    if (value instanceof Date) return value.toISOString();
    throw new TypeError('expected a Date where a DateTime is answered');
  },
});
