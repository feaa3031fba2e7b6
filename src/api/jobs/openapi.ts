import { z } from 'zod';

import { jobParameters, newJobBody, runQuery } from './input.ts';
import {
  createdAnswer,
  errorAnswer,
  jobAnswer,
  runAnswer,
  workAnswer,
} from './output.ts';

const schemaOf = (schema: z.ZodType, io: 'input' | 'output' = 'output') => {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
  });
  return json;
};

const content = (schema: z.ZodType, io?: 'input' | 'output') => ({
  content: { 'application/json': { schema: schemaOf(schema, io) } },
});

const answer = (description: string, schema: z.ZodType) => ({
  description,
  ...content(schema),
});

/** Every field of an object as a parameter of its own. */
const parameters = (schema: z.ZodObject, place: 'query' | 'path') =>
  Object.entries(schema.shape).map(([name, field]) => ({
    name,
    in: place,
    required: place === 'path',
    schema: schemaOf(field as z.ZodType, 'input'),
  }));

const refusals = {
  400: answer(
    'The request is not as it must be; the message says what.',
    errorAnswer,
  ),
  401: answer('The token is wrong or missing.', errorAnswer),
  503: answer(
    'The secret of these routes is not set, or the database is away.',
    errorAnswer,
  ),
};

/** The HTTP interface of jobs, as an OpenAPI document (version 3.1.0). */
export const openApiDocument = () => ({
  openapi: '3.1.0',
  info: {
    title: 'Nightshift jobs',
    version: '1.0.0',
    description:
      'Creates jobs, tells what became of them, and runs them for hosts without a process of their own.',
  },
  components: {
    securitySchemes: {
      jobApi: { type: 'http', scheme: 'bearer', description: 'JOB_API_SECRET' },
      worker: {
        type: 'http',
        scheme: 'bearer',
        description: 'WORKER_INVOCATION_SECRET',
      },
    },
  },
  paths: {
    '/api/jobs': {
      post: {
        operationId: 'createJob',
        summary: 'Creates a job',
        security: [{ jobApi: [] }],
        requestBody: { required: true, ...content(newJobBody, 'input') },
        responses: {
          200: answer(
            'It was there before, by its idempotency key.',
            createdAnswer,
          ),
          201: answer('It is created.', createdAnswer),
          413: answer('The body is larger than a job may be.', errorAnswer),
          415: answer('The body does not say that it is JSON.', errorAnswer),
          ...refusals,
        },
      },
    },
    '/api/jobs/{id}': {
      get: {
        operationId: 'getJob',
        summary: 'Tells what became of a job',
        security: [{ jobApi: [] }],
        parameters: parameters(jobParameters, 'path'),
        responses: {
          200: answer('The job with its attempts.', jobAnswer),
          404: answer('There is no job of this id.', errorAnswer),
          ...refusals,
        },
      },
    },
    '/api/jobs/run': {
      post: {
        operationId: 'runJobs',
        summary: 'Runs jobs of a queue within this request',
        security: [{ worker: [] }],
        parameters: parameters(runQuery, 'query'),
        responses: {
          200: answer('What became of those that were run.', runAnswer),
          ...refusals,
        },
      },
    },
    '/api/worker': {
      post: {
        operationId: 'work',
        summary:
          'Fires schedules and runs what is due, within WORKER_BUDGET_SECONDS',
        security: [{ worker: [] }],
        responses: {
          200: answer('What was done, and what is left.', workAnswer),
          ...refusals,
        },
      },
    },
  },
});
