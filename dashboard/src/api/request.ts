import type { TadaDocumentNode } from 'gql.tada';
import { print } from 'graphql';

import { session, signOut } from '../session/session.ts';

/** The API refused, or was not there. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';

  constructor(
    /** As the API's table of errors has it; `UNREACHABLE` if nobody answered. */
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions?: { readonly code?: string };
  }[];
}

const isAnswer = (body: unknown): body is Answer =>
  typeof body === 'object' && body !== null;

/** Headers of a request, also the first message of a WebSocket. */
export const credentials = (): Record<string, string> => {
  const { token, name } = session() ?? {};
  return {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(name !== undefined && name !== '' && { 'x-operator': name }),
  };
};

/** Asks the API. @throws ApiFailure; a token that is not right any more ends the session. */
export const request = async <Data, Variables>(
  document: TadaDocumentNode<Data, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Data> => {
  let response: Response;
  let body: unknown;
  try {
    response = await fetch('/graphql', {
      method: 'POST',
      headers: { ...credentials(), 'content-type': 'application/json' },
      body: JSON.stringify({ query: print(document), variables }),
      credentials: 'omit',
      cache: 'no-store',
      ...(signal && { signal }),
    });
    body = await response.json();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiFailure(
      'UNREACHABLE',
      'The API does not answer. The page tries again by itself.',
    );
  }
  const { data, errors } = isAnswer(body) ? body : {};
  const [error] = errors ?? [];
  if (!error) return data as Data;
  const code = error.extensions?.code ?? 'INTERNAL';
  if (code === 'UNAUTHENTICATED') signOut(error.message);
  throw new ApiFailure(code, error.message);
};
