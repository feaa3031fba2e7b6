import type { CallCredentials } from './grpc/channel.ts';

const scope = 'https://www.googleapis.com/auth/pubsub';

/** Between two tokens that are forgotten because the service refuses them, in milliseconds. */
const leastAge = 10_000;

/**
 * Who we are to Google, as the environment says (application default credentials). Google's library is loaded
 * only here, and when the first call asks: a broker without TLS has no use for it, nor for the memory that it
 * takes. It keeps a token until shortly before its end; one that the service refuses is forgotten before, with
 * all that it was made from, so that a key that was replaced is read again.
 *
 * `headers` rejects with the library's error if the environment says nothing, and asks again the next time.
 *
 * @param projectId that of the topics; without one the library looks for a metadata server, which takes seconds
 *   where there is none.
 */
export const googleCredentials = (projectId: string): CallCredentials => {
  const open = async () => {
    const { GoogleAuth } = await import('google-auth-library');
    return new GoogleAuth({ scopes: [scope], projectId }).getClient();
  };
  let opening: ReturnType<typeof open> | undefined;
  let last: Readonly<Record<string, string>> | undefined;
  let forgottenAt = -Infinity;
  return {
    headers: async () => {
      opening ??= open();
      const asked = opening;
      try {
        const client = await asked;
        const given = Object.fromEntries(await client.getRequestHeaders());
        if (opening === asked) last = given;
        return given;
      } catch (error) {
        // What it is made from may be there, or another, the next time.
        if (opening === asked) opening = undefined;
        throw error;
      }
    },
    refused: (headers) => {
      // Calls that were under way with a token of before are made again with the one of now.
      if (headers.authorization !== last?.authorization) return true;
      const now = performance.now();
      if (now - forgottenAt < leastAge) return false;
      forgottenAt = now;
      opening = undefined;
      last = undefined;
      return true;
    },
  };
};
