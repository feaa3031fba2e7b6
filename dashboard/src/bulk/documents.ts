import { graphql, type ResultOf, type VariablesOf } from '../api/graphql.ts';

export const previewDocument = graphql(`
  query BulkPreview(
    $kind: BulkKind!
    $deadLetters: DeadLetterChoice
    $jobs: JobChoice
    $flows: FlowChoice
  ) {
    bulkPreview(
      kind: $kind
      deadLetters: $deadLetters
      jobs: $jobs
      flows: $flows
    ) {
      matching
      groups {
        label
        items
      }
      sample
      most
    }
  }
`);

export const actionsDocument = graphql(`
  query BulkActions($after: ID) {
    bulkActions(first: 50, after: $after) {
      items {
        id
        kind
        filter
        actor
        reason
        state
        total
        done
        failed
        skipped
        left
        createdAt
        endedAt
      }
      next
    }
  }
`);

export const actionDocument = graphql(`
  query BulkAction($id: ID!) {
    bulkAction(id: $id) {
      action {
        id
        kind
        filter
        actor
        reason
        rate
        state
        total
        done
        failed
        skipped
        left
        jobId
        createdAt
        endedAt
      }
      troubles {
        outcome
        detail
        items
        example
      }
    }
  }
`);

export const cancelDocument = graphql(`
  mutation CancelBulkAction($id: ID!, $reason: String) {
    cancelBulkAction(id: $id, reason: $reason)
  }
`);

const redriveDocument = graphql(`
  mutation RedriveInBulk(
    $choice: DeadLetterChoice!
    $rate: Int!
    $reason: String!
  ) {
    started: redriveInBulk(choice: $choice, rate: $rate, reason: $reason) {
      id
    }
  }
`);

const resolveDocument = graphql(`
  mutation ResolveInBulk(
    $choice: DeadLetterChoice!
    $rate: Int!
    $reason: String!
  ) {
    started: resolveInBulk(choice: $choice, rate: $rate, reason: $reason) {
      id
    }
  }
`);

const retryJobsDocument = graphql(`
  mutation RetryJobsInBulk($choice: JobChoice!, $rate: Int!, $reason: String!) {
    started: retryJobsInBulk(choice: $choice, rate: $rate, reason: $reason) {
      id
    }
  }
`);

const cancelJobsDocument = graphql(`
  mutation CancelJobsInBulk(
    $choice: JobChoice!
    $rate: Int!
    $reason: String!
  ) {
    started: cancelJobsInBulk(choice: $choice, rate: $rate, reason: $reason) {
      id
    }
  }
`);

const retryFlowsDocument = graphql(`
  mutation RetryFlowsInBulk(
    $choice: FlowChoice!
    $rate: Int!
    $reason: String!
  ) {
    started: retryFlowsInBulk(choice: $choice, rate: $rate, reason: $reason) {
      id
    }
  }
`);

const cancelFlowsDocument = graphql(`
  mutation CancelFlowsInBulk(
    $choice: FlowChoice!
    $rate: Int!
    $reason: String!
  ) {
    started: cancelFlowsInBulk(choice: $choice, rate: $rate, reason: $reason) {
      id
    }
  }
`);

export type BulkAction = ResultOf<
  typeof actionDocument
>['bulkAction']['action'];
export type BulkKind = BulkAction['kind'];

type Started = ResultOf<typeof redriveDocument>;

/** How an action of each kind is begun; what is chosen is checked where the dialog is opened. */
export const startDocuments = {
  redriveDeadLetters: redriveDocument,
  resolveDeadLetters: resolveDocument,
  retryJobs: retryJobsDocument,
  cancelJobs: cancelJobsDocument,
  retryFlows: retryFlowsDocument,
  cancelFlows: cancelFlowsDocument,
} as const;

/** What an action would touch, by its kind. */
export type BulkTarget =
  | {
      readonly kind: 'redriveDeadLetters' | 'resolveDeadLetters';
      readonly choice: VariablesOf<typeof redriveDocument>['choice'];
    }
  | {
      readonly kind: 'retryJobs' | 'cancelJobs';
      readonly choice: VariablesOf<typeof retryJobsDocument>['choice'];
    }
  | {
      readonly kind: 'retryFlows' | 'cancelFlows';
      readonly choice: VariablesOf<typeof retryFlowsDocument>['choice'];
    };

/** The documents of all kinds as one, for whoever begins any. */
export type StartDocument = typeof redriveDocument;
export type { Started };
