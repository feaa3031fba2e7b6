import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { DataSource } from 'typeorm';
import type { z } from 'zod';

import { payloadDocument } from '../../common/payload-document.ts';
import { namesUser } from '../../common/personal-data.ts';
import { listActions } from '../../dead-letters/audit.ts';
import {
  type DeadLetterFilter,
  isUnlimited,
} from '../../dead-letters/filter.ts';
import { forgetUser } from '../../dead-letters/forget.ts';
import { resolveEntries } from '../../dead-letters/resolve.ts';
import {
  countEntries,
  findEntry,
  listEntries,
  listGroups,
} from '../../dead-letters/search.ts';
import { jobNamesUser } from '../../jobs/personal-data.ts';
import type { Logger } from '../../logger.ts';
import { requireBearer } from '../bearer.ts';
import { ApiError } from '../errors.ts';
import { parseInput } from '../input.ts';
import { cut } from '../pages.ts';
import { answerErrors } from '../rest-errors.ts';
import {
  forgetBody,
  idParameters,
  listQuery,
  operatorHeader,
  pageQuery,
  redriveBody,
  resolveBody,
} from './input.ts';
import type { Redrive } from './redriving.ts';

export interface OperatorRoutesOptions {
  readonly dataSource: DataSource;
  readonly logger: Logger;
  /** The operators' bearer token; `undefined` closes these routes. */
  readonly operatorSecret: string | undefined;
  /** `undefined` where the process knows no workers: redriving is then closed. */
  readonly redrive: Redrive | undefined;
  /** Milliseconds until a request is answered, done or not. */
  readonly patience: number;
}

/** Milliseconds before the patience ends in which nothing new is begun, and then what runs is aborted. */
const reserves = { begin: 15_000, abort: 5_000 };

type Chosen = Partial<z.infer<typeof redriveBody>>;

/** @throws ApiError INVALID_INPUT unless something is chosen, or everything is meant. */
const filterOf = (body: Chosen): DeadLetterFilter => {
  const { ids, source, subscription, topic, fingerprint } = body;
  const { olderThan, newerThan, payload, all } = body;
  // Who names entries learns of those that are not open, too.
  const state = body.state ?? (ids ? 'any' : 'open');
  const filter = {
    ids,
    source,
    subscription,
    topic,
    fingerprint,
    olderThan,
    newerThan,
    payload,
    state: state === 'any' ? undefined : state,
  };
  if (isUnlimited(filter) && !all)
    throw new ApiError(
      'INVALID_INPUT',
      'expected ids or a filter that choose entries, got neither; "all": true means every one',
    );
  return filter;
};

const actorOf = ({ headers }: FastifyRequest): string =>
  parseInput(operatorHeader, headers)['x-operator'];

const addReading = (app: FastifyInstance, con: DataSource): void => {
  app.get('/dead-letters', async ({ query }) => {
    const { first, after, state, ...others } = parseInput(listQuery, query);
    const filter = { ...others, state: state === 'any' ? undefined : state };
    const limit = first + 1;
    return cut(await listEntries(con, filter, { limit, after }), first);
  });
  app.get('/dead-letters/groups', async ({ query }) => {
    const { first, state, ...others } = parseInput(
      listQuery.omit({ after: true }),
      query,
    );
    const filter = { ...others, state: state === 'any' ? undefined : state };
    const [entries, groups] = await Promise.all([
      countEntries(con, filter),
      listGroups(con, filter, first),
    ]);
    return { entries, groups };
  });
  app.get('/dead-letters/:id', async ({ params }) => {
    const { id } = parseInput(idParameters, params);
    const { payload, ...entry } = await findEntry(con, id);
    return {
      ...entry,
      document: payloadDocument(entry.topic, payload) ?? null,
      payload: payload.toString('base64'),
    };
  });
  app.get('/audit-log', async ({ query }) => {
    const { first, after } = parseInput(pageQuery, query);
    return cut(await listActions(con.manager, first + 1, after), first);
  });
};

const addChanging = (
  app: FastifyInstance,
  { dataSource: con, redrive, patience }: OperatorRoutesOptions,
): void => {
  app.post('/dead-letters/redrive', async (request) => {
    const actor = actorOf(request);
    const body = parseInput(redriveBody, request.body);
    const { again, limit, reason, dryRun } = body;
    const filter = filterOf(body);
    if (dryRun) {
      const matching = await countEntries(con, filter);
      return { dryRun, matching, chosen: Math.min(matching, limit) };
    }
    if (!redrive)
      throw new ApiError(
        'CLOSED',
        'this process has no workers to redrive with',
      );
    return redrive({
      filter,
      limit,
      again,
      actor,
      reason,
      until: Date.now() + Math.max(0, patience - reserves.begin),
      signal: AbortSignal.timeout(Math.max(1_000, patience - reserves.abort)),
    });
  });
  app.post('/dead-letters/resolve', async (request) => {
    const actor = actorOf(request);
    const body = parseInput(resolveBody, request.body);
    const filter = filterOf({ ...body, state: 'open' });
    const { limit, reason, dryRun } = body;
    const resolved = dryRun
      ? Math.min(limit, await countEntries(con, filter))
      : await resolveEntries(con, { filter, limit, actor, reason });
    return { dryRun, resolved };
  });
  app.post('/forget', async (request) => {
    const actor = actorOf(request);
    const { userId, ...options } = parseInput(forgetBody, request.body);
    const report = await forgetUser(con, {
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
      addReading(operator, options.dataSource);
      addChanging(operator, options);
    },
    { prefix: '/api/operator' },
  );
};
