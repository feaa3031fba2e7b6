import type { FastifyInstance, FastifyRequest } from 'fastify';

import { forgetUser } from '../../dead-letters/forget.ts';
import { anyNamesUser } from '../../flows/definitions/personal-data.ts';
import type { OperatorRight } from '../../config.ts';
import type { Logger } from '../../logger.ts';
import { bearerToken } from '../secrets.ts';
import { parseInput } from '../input.ts';
import { answerErrors } from '../rest-errors.ts';
import {
  findOperator,
  type OperatorAccess,
  type OperatorCaller,
  refuseOperator,
  requireRight,
} from './access.ts';
import { pageOfActions } from './actions.ts';
import {
  deskEntries,
  type DeskDependencies,
  deskGroups,
  redactedEntry,
  redriveChosen,
  resolveChosen,
  revealedEntry,
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
  revealBody,
} from './input.ts';
import { guardSearch } from './payload-search.ts';

export interface OperatorRoutesOptions extends DeskDependencies {
  readonly logger: Logger;
  /** Who may; nobody closes these routes. */
  readonly access: OperatorAccess;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on requests of operators before anything else is looked at. */
    operator: OperatorCaller | undefined;
  }
  interface FastifyContextConfig {
    /** What an operator must be allowed to do for this route. */
    readonly right?: OperatorRight;
  }
}

const actorOf = ({ operator }: FastifyRequest): string =>
  parseInput(operatorHeader, { 'x-operator': operator?.name })['x-operator'];

const needs = (right: OperatorRight) => ({ config: { right } });

const addReading = (app: FastifyInstance, desk: DeskDependencies): void => {
  app.get('/dead-letters', needs('read'), async (request) =>
    deskEntries(
      desk,
      await guardSearch(
        desk.dataSource,
        request.operator,
        parseInput(listQuery, request.query),
      ),
    ),
  );
  app.get('/dead-letters/groups', needs('read'), async (request) =>
    deskGroups(
      desk,
      await guardSearch(
        desk.dataSource,
        request.operator,
        parseInput(groupsQuery, request.query),
      ),
    ),
  );
  app.get('/dead-letters/:id', needs('read'), ({ params }) =>
    redactedEntry(desk, parseInput(idParameters, params).id),
  );
  app.get('/audit-log', needs('read'), ({ query, operator }) =>
    pageOfActions(
      desk.dataSource.manager,
      operator,
      parseInput(pageQuery, query),
    ),
  );
};

const addChanging = (app: FastifyInstance, desk: DeskDependencies): void => {
  app.post('/dead-letters/redrive', needs('redrive'), async (request) => {
    const actor = actorOf(request);
    const body = parseInput(redriveBody, request.body);
    return redriveChosen(
      desk,
      actor,
      await guardSearch(desk.dataSource, request.operator, body),
    );
  });
  app.post('/dead-letters/resolve', needs('resolve'), async (request) => {
    const actor = actorOf(request);
    const body = parseInput(resolveBody, request.body);
    return resolveChosen(
      desk,
      actor,
      await guardSearch(desk.dataSource, request.operator, body),
    );
  });
  app.post('/dead-letters/:id/reveal', needs('reveal'), async (request) => {
    const actor = actorOf(request);
    const { id } = parseInput(idParameters, request.params);
    const given = request.body ?? {};
    return revealedEntry(desk, actor, parseInput(revealBody, { ...given, id }));
  });
  app.post('/forget', needs('forget'), async (request) => {
    const actor = actorOf(request);
    const { userId, ...options } = parseInput(forgetBody, request.body);
    const report = await forgetUser(desk.dataSource, {
      ...options,
      actor,
      user: userId,
      names: (topic, payload) => anyNamesUser(topic, payload, userId),
    });
    return { dryRun: options.dryRun, ...report };
  });
};

/**
 * Adds what operators see and do, below `/api/operator`, each route for those who have its right. Changes
 * also need a name for the audit log: that of the token, or `x-operator`.
 */
export const addOperatorRoutes = (
  app: FastifyInstance,
  options: OperatorRoutesOptions,
): void => {
  app.register(
    async (operator) => {
      answerErrors(operator, options.logger);
      operator.decorateRequest('operator');
      operator.addHook('onRequest', async (request, reply) => {
        // Payloads have no place in the caches of others.
        reply.header('cache-control', 'no-store');
        const token = bearerToken(request.headers.authorization);
        const name = request.headers['x-operator'];
        const caller =
          token === undefined
            ? undefined
            : findOperator(token, name, options.access);
        if (!caller) return refuseOperator(options.access);
        const { right } = request.routeOptions.config;
        if (right === undefined)
          throw new Error(
            'expected every route of operators to name its right',
          );
        requireRight(caller, right);
        request.operator = caller;
      });
      addReading(operator, options);
      addChanging(operator, options);
    },
    { prefix: '/api/operator' },
  );
};
