import type { TadaDocumentNode } from 'gql.tada';
import { useCallback, useEffect, useState } from 'react';

import { ApiFailure, request } from './request.ts';
import { useVisible } from './visible.ts';

export interface Queried<Data> {
  /** Of the last answer, also to the question before, until there is a newer one. */
  readonly data: Data | undefined;
  readonly failure: ApiFailure | undefined;
  /** Asks again now. */
  readonly refresh: () => void;
}

interface State<Data> {
  /** Of the question that `data` answers. */
  readonly key: string;
  readonly data?: Data;
  readonly failure?: ApiFailure;
}

/**
 * Asks the API, again after every `every` milliseconds, and when the page is looked at again. What an
 * older question is answered later is thrown away.
 *
 * @param every milliseconds between an answer and the next question. @default 5000
 */
export const useQuery = <Data, Variables>(
  document: TadaDocumentNode<Data, Variables>,
  variables: Variables,
  every = 5_000,
): Queried<Data> => {
  const key = JSON.stringify(variables);
  const [state, setState] = useState<State<Data>>({ key });
  const [round, setRound] = useState(0);
  const visible = useVisible();
  useEffect(() => {
    if (!visible) return;
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      try {
        const data = await request(
          document,
          JSON.parse(key) as Variables,
          gone.signal,
        );
        setState({ key, data });
      } catch (error) {
        if (gone.signal.aborted) return;
        const failure =
          error instanceof ApiFailure
            ? error
            : new ApiFailure('INTERNAL', String(error));
        setState((before) => ({
          key,
          failure,
          ...(before.key === key &&
            before.data !== undefined && { data: before.data }),
        }));
      }
      if (!gone.signal.aborted) timer = setTimeout(() => void ask(), every);
    };
    void ask();
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [document, key, every, visible, round]);
  const refresh = useCallback(() => setRound((round) => round + 1), []);
  return { data: state.data, failure: state.failure, refresh };
};
