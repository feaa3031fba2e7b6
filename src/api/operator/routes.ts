import type { FastifyInstance, FastifyRequest } from 'fastify';

import { namesUser } from '../../common/personal-data.ts';
import { listActions } from '../../dead-letters/audit.ts';
import { forgetUser } from '../../dead-letters/forget.ts';
import { jobNamesUser } from '../../jobs/personal-data.ts';
import type { Logger } from '../../logger.ts';
import { requireBearer } from '../bearer.ts';
import { parseInput } from '../input.ts';
import { cut } from '../pages.ts';
import { answerErrors } from '../rest-errors.ts';
import {
  deskEntries,
  deskEntry,
  type DeskDependencies,
  deskGroups,
  redriveChosen,
  resolveChosen,
} from './desk.ts';
import {
  forgetBody,
  groupsQuery,
  idParameters,
  listQuery,
  operatorHeader,
  pageQuery,
  redriveBody,
  resolveBody,
} from './input.ts';

export interface OperatorRoutesOptions extends DeskDependencies {
  readonly logger: Logger;
  /** The operators' bearer token; `undefined` closes these routes. */
  readonly operatorSecret: string | undefined;
}

const actorOf = ({ headers }: FastifyRequest): string =>
  parseInput(operatorHeader, headers)['x-operator'];

const addReading = (app: FastifyInstance, desk: DeskDependencies): void => {
  app.get('/dead-letters', ({ query }) =>
    deskEntries(desk, parseInput(listQuery, query)),
  );
  app.get('/dead-letters/groups', ({ query }) =>
    deskGroups(desk, parseInput(groupsQuery, query)),
  );
  app.get('/dead-letters/:id', ({ params }) =>
    deskEntry(desk, parseInput(idParameters, params).id),
  );
  app.get('/audit-log', async ({ query }) => {
    const { first, after } = parseInput(pageQuery, query);
    const { manager } = desk.dataSource;
    return cut(await listActions(manager, first + 1, after), first);
  });
};

const addChanging = (app: FastifyInstance, desk: DeskDependencies): void => {
  app.post('/dead-letters/redrive', async (request) => {
    const actor = actorOf(request);
    return redriveChosen(desk, actor, parseInput(redriveBody, request.body));
  });
  app.post('/dead-letters/resolve', async (request) => {
    const actor = actorOf(request);
    return resolveChosen(desk, actor, parseInput(resolveBody, request.body));
  });
  app.post('/forget', async (request) => {
    const actor = actorOf(request);
    const { userId, ...options } = parseInput(forgetBody, request.body);
    const report = await forgetUser(desk.dataSource, {
      ...options,
      actor,
      user: userId,
      names: (topic, payload) =>
        namesUser(topic, payload, userId) ||
        jobNamesUser(topic, payload, userId),
    });
    return { dryRun: options.dryRun, ...report };
  });
};

/**
 * Adds what operators see and do, below `/api/operator`, all behind their bearer token. Changes also
 * need `x-operator`, the name that the audit log keeps.
 */
export const addOperatorRoutes = (
  app: FastifyInstance,
  options: OperatorRoutesOptions,
): void => {
  app.register(
    async (operator) => {
      answerErrors(operator, options.logger);
      operator.addHook('onRequest', async (request, reply) => {
        // Payloads have no place in the caches of others.
        reply.header('cache-control', 'no-store');
        requireBearer(
          request.headers,
          options.operatorSecret,
          'OPERATOR_SECRET',
          'what operators see and do',
        );
      });
      addReading(operator, options);
      addChanging(operator, options);
    },
    { prefix: '/api/operator' },
  );
};
