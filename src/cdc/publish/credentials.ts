import type { CallCredentials } from './grpc/channel.ts';

const scope = 'https://www.googleapis.com/auth/pubsub';

/**
 * Who we are to Google, as the environment says (application default credentials). Google's library is loaded
 * only here, and when the first call asks: a broker without TLS has no use for it, nor for the memory that it
 * takes. It keeps a token until shortly before its end.
 *
 * The result rejects with the library's error if the environment says nothing, and asks again the next time.
 */
export const googleCredentials = (): CallCredentials => {
  const open = async () => {
    const { GoogleAuth } = await import('google-auth-library');
    return new GoogleAuth({ scopes: [scope] }).getClient();
  };
  let opening: ReturnType<typeof open> | undefined;
  return async () => {
    opening ??= open();
    const client = await opening.catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return Object.fromEntries(await client.getRequestHeaders());
  };
};
