import type { PubSub } from '@google-cloud/pubsub';

/** There are no credentials for Google Cloud, and no local server was named. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';

  constructor(options: ErrorOptions) {
    const reason =
      options.cause instanceof Error
        ? options.cause.message
        : String(options.cause);
    super(
      `expected PUBSUB_EMULATOR_HOST to name a local Pub/Sub server, or credentials for Google Cloud ` +
        `(gcloud auth application-default login), got neither: ${reason}`,
      options,
    );
  }
}

/**
 * Asks for credentials before the first call, because the client's first call without any ends the
 * process with an unhandled rejection. Does nothing on a local server.
 *
 * @throws CredentialsError
 */
export const checkCredentials = async (pubsub: PubSub): Promise<void> => {
  if (pubsub.isEmulator) return;
  try {
    await pubsub.auth.getClient();
  } catch (error) {
    throw new CredentialsError({ cause: error });
  }
};
