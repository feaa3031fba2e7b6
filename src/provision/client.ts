import { PubSub } from '@google-cloud/pubsub';

export interface BrokerClientOptions {
  readonly projectId: string;
  /** `host:port` of a local server; unset is Google's service. */
  readonly emulatorHost?: string | undefined;
}

/** A client for resources and single messages; long-running processes have clients of their own. */
export const createBrokerClient = ({
  projectId,
  emulatorHost,
}: BrokerClientOptions): PubSub => {
  if (emulatorHost === undefined)
    // `false` keeps the client from taking another address out of the environment.
    return new PubSub({ projectId, emulatorMode: false });
  // Else the client looks for Google's metadata server, which takes seconds where there is none.
  process.env.METADATA_SERVER_DETECTION ??= 'none';
  return new PubSub({
    projectId,
    apiEndpoint: emulatorHost,
    emulatorMode: true,
  });
};
