import { graphql, type ResultOf, type VariablesOf } from '../api/graphql.ts';

export const groupsDocument = graphql(`
  query DeadLetterGroups($filter: DeadLetterFilter) {
    deadLetterGroups(filter: $filter, first: 50) {
      entries
      isCapped
      groups {
        source
        subscription
        fingerprint
        state
        entries
        firstSeenAt
        lastSeenAt
        error
        example
      }
    }
  }
`);

export const entriesDocument = graphql(`
  query DeadLetters($filter: DeadLetterFilter, $after: ID) {
    deadLetters(filter: $filter, first: 50, after: $after) {
      items {
        id
        subscription
        error
        attempts
        redrives
        state
        lastSeenAt
      }
      next
    }
  }
`);

export const entryDocument = graphql(`
  query DeadLetter($id: ID!) {
    deadLetter(id: $id) {
      entry {
        id
        source
        subscription
        topic
        eventId
        messageId
        publishTime
        orderingKey
        error
        fingerprint
        attempts
        redrives
        state
        stateChangedAt
        stateChangedBy
        stateReason
        erasedAt
        firstSeenAt
        lastSeenAt
      }
      errorStack
      attributes
      document
    }
  }
`);

export const previewDocument = graphql(`
  query RedrivePreview($choice: DeadLetterChoice!) {
    redrivePreview(choice: $choice) {
      matching
      looked
      fitting
      refused {
        reason
        entries
        example
      }
    }
  }
`);

export const redriveDocument = graphql(`
  mutation Redrive($choice: DeadLetterChoice!, $limit: Int!, $reason: String) {
    redriveDeadLetters(choice: $choice, limit: $limit, reason: $reason) {
      chosen
      redriven
      duplicates
      failed
      skipped
      left
      stopped
      results {
        id
        outcome
        error
        reason
      }
    }
  }
`);

export const resolveDocument = graphql(`
  mutation Resolve(
    $choice: DeadLetterChoice!
    $reason: String!
    $dryRun: Boolean!
  ) {
    resolveDeadLetters(choice: $choice, reason: $reason, dryRun: $dryRun) {
      resolved
    }
  }
`);

export const revealDocument = graphql(`
  mutation Reveal($id: ID!, $reason: String) {
    revealDeadLetter(id: $id, reason: $reason) {
      entry {
        error
      }
      errorStack
      attributes
      document
      payload
    }
  }
`);

export const editPreviewDocument = graphql(`
  query EditPreview($id: ID!, $document: String!) {
    editPreview(id: $id, document: $document) {
      fits
      reason
    }
  }
`);

export const resendDocument = graphql(`
  mutation Resend($id: ID!, $document: String!, $reason: String!) {
    resendDeadLetter(id: $id, document: $document, reason: $reason) {
      outcome
      error
      reason
    }
  }
`);

export type Choice = VariablesOf<typeof redriveDocument>['choice'];
export type Filter = NonNullable<VariablesOf<typeof groupsDocument>['filter']>;
export type Entry = ResultOf<typeof entryDocument>['deadLetter'];
