import { once } from 'node:events';

import { Command, InvalidArgumentError } from 'commander';

import { type PubSubServer, startPubSub } from '../pubsub-server/index.ts';

const parsePort = (value: string): number => {
  const port = Number(value);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError(
      `expected a port between 0 and 65535, got: ${value}`,
    );
  return port;
};

const start = async (port: number, host: string): Promise<PubSubServer> => {
  try {
    return await startPubSub({ port, host });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(
      `expected a free port, got: ${host}:${port}, which is taken; end what listens there or choose another with --port`,
      { cause: error },
    );
  }
};

/** `nightshift pubsub`: the local Pub/Sub server alone, until SIGINT or SIGTERM. */
export const pubsubCommand = (): Command =>
  new Command('pubsub')
    .description('run the local Pub/Sub server alone, in memory')
    .option(
      '--port <port>',
      'port to listen on, 0 for any free one',
      parsePort,
      8085,
    )
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .addHelpText(
      'after',
      `
Google's clients of any language talk to it through PUBSUB_EMULATOR_HOST. What it holds is lost when it
ends. GET /stats shows the backlog of every subscription.

Example:
  nightshift pubsub --port 0`,
    )
    .action(async ({ port, host }: { port: number; host: string }) => {
      const server = await start(port, host);
      console.log(`Pub/Sub server on ${server.address}`);
      console.log(`statistics      http://${server.address}/stats`);
      console.log(`export PUBSUB_EMULATOR_HOST=${server.address}`);
      await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
      await server.stop();
    });
