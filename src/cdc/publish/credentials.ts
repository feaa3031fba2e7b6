import { type ChannelCredentials, credentials, Metadata } from '@grpc/grpc-js';

const scope = 'https://www.googleapis.com/auth/pubsub';

/**
 * Who we are to Google, as the environment says (application default credentials). Google's library is loaded
 * only here: a broker without TLS has no use for it, nor for the memory that it takes.
 *
 * @throws the library's error if the environment says nothing.
 */
export const googleCredentials = async (): Promise<ChannelCredentials> => {
  const { GoogleAuth } = await import('google-auth-library');
  const client = await new GoogleAuth({ scopes: [scope] }).getClient();
  return credentials.combineChannelCredentials(
    credentials.createSsl(),
    credentials.createFromMetadataGenerator(({ service_url }, callback) => {
      client.getRequestHeaders(service_url).then(
        (headers) => {
          const metadata = new Metadata();
          headers.forEach((value, name) => {
            metadata.set(name, value);
          });
          callback(null, metadata);
        },
        (error: unknown) => {
          callback(error instanceof Error ? error : new Error(String(error)));
        },
      );
    }),
  );
};
