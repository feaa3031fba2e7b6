import {
  configureDirectPublisher,
  createDirectPublisher,
  flushDirectPublisher,
} from '../events/direct-publisher.ts';
import { type ClientOptions, createPublisherClient } from './clients.ts';

/**
 * Lets this process publish the events of direct topics straight away.
 *
 * @returns sends what is on its way and closes the client; part of every drain.
 */
export const startDirectPublishing = (
  options: ClientOptions,
): (() => Promise<void>) => {
  const client = createPublisherClient(options);
  configureDirectPublisher(createDirectPublisher(client));
  return async () => {
    await flushDirectPublisher();
    configureDirectPublisher(undefined);
    await client.close();
  };
};
