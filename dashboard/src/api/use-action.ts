import type { TadaDocumentNode } from 'gql.tada';
import { useCallback, useState } from 'react';

import { ApiFailure, request } from './request.ts';

export interface Action<Data, Variables> {
  /** Does it. @returns the answer, or `undefined` if it failed. */
  readonly run: (variables: Variables) => Promise<Data | undefined>;
  readonly busy: boolean;
  readonly failure: ApiFailure | undefined;
}

/** A mutation that an operator starts: one at a time, and what went wrong is told. */
export const useAction = <Data, Variables>(
  document: TadaDocumentNode<Data, Variables>,
): Action<Data, Variables> => {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiFailure>();
  const run = useCallback(
    async (variables: Variables) => {
      setBusy(true);
      setFailure(undefined);
      try {
        return await request(document, variables);
      } catch (error) {
        setFailure(
          error instanceof ApiFailure
            ? error
            : new ApiFailure('INTERNAL', String(error)),
        );
        return undefined;
      } finally {
        setBusy(false);
      }
    },
    [document],
  );
  return { run, busy, failure };
};
