import { graphql, type ResultOf } from '../api/graphql.ts';

export const causalityDocument = graphql(`
  query Causality($id: String, $table: String, $key: String) {
    causality(id: $id, table: $table, key: $key) {
      found
      nodes {
        id
        kind
        key
        title
        at
        until
        state
        summary
        facts {
          name
          value
        }
        attempts {
          startedAt
          finishedAt
          waited
          outcome
          error
          number
          copies
          why
        }
        deadLetter
        parent
        also
        depth
        gap
      }
      truncated
      total
    }
  }
`);

export type Trace = ResultOf<typeof causalityDocument>['causality'];
export type Node = Trace['nodes'][number];
export type Attempt = Node['attempts'][number];

/** The address of what was caused by something, and of what caused it. */
export const causalityPath = (id: string): string =>
  `/causality?id=${encodeURIComponent(id)}`;
