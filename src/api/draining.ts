import type { FastifyInstance } from 'fastify';

/**
 * Tells clients whose requests are answered while the server closes to let go of the connection;
 * otherwise closing would wait until their keep-alive times out.
 */
export const addDraining = (app: FastifyInstance): void => {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close');
  });
};
