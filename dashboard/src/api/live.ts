import type { TadaDocumentNode } from 'gql.tada';
import { print } from 'graphql';
import { createClient } from 'graphql-ws';
import { useEffect, useState } from 'react';

import { credentials } from './request.ts';
import { useVisible } from './visible.ts';

const client = createClient({
  url: `${location.origin.replace(/^http/, 'ws')}/graphql`,
  // The token travels in the first message, never in the address.
  connectionParams: credentials,
  lazy: true,
  lazyCloseTimeout: 2_000,
  retryAttempts: Infinity,
  shouldRetry: () => true,
});

export interface Live<Data> {
  readonly data: Data | undefined;
  /** Whether news may come; else what is shown grows old. */
  readonly connected: boolean;
}

/** Milliseconds before a subscription that the API ended is begun again. */
const pause = 2_000;

/** Follows a subscription while the page is looked at; connects again by itself. */
export const useLive = <Data>(
  document: TadaDocumentNode<Data, Record<string, never>>,
): Live<Data> => {
  const [live, setLive] = useState<Live<Data>>({
    data: undefined,
    connected: true,
  });
  const [round, setRound] = useState(0);
  const visible = useVisible();
  useEffect(() => {
    if (!visible) return;
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = () => {
      if (gone) return;
      setLive(({ data }) => ({ data, connected: false }));
      timer = setTimeout(() => setRound((round) => round + 1), pause);
    };
    const end = client.subscribe<Data>(
      { query: print(document) },
      {
        next: ({ data }) => {
          if (data) setLive({ data, connected: true });
        },
        error: again,
        complete: again,
      },
    );
    return () => {
      gone = true;
      clearTimeout(timer);
      end();
    };
  }, [document, visible, round]);
  return live;
};
