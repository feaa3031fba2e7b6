import { createContext, useContext } from 'react';

import { graphql, type ResultOf } from '../api/graphql.ts';

/** Who asks, and what they may do. */
export const operatorDocument = graphql(`
  query Operator {
    operator {
      name
      rights
      everyRight
    }
  }
`);

export type Operator = ResultOf<typeof operatorDocument>['operator'];
export type Right = Operator['rights'][number];

export const OperatorContext = createContext<Operator>({
  name: null,
  rights: [],
  everyRight: false,
});

/** Whether the operator may do something; the API decides, this only keeps the page honest. */
export const useRight = (right: Right): boolean =>
  useContext(OperatorContext).rights.includes(right);
