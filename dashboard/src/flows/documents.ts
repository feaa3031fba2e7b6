import { graphql, type ResultOf } from '../api/graphql.ts';

export const runsDocument = graphql(`
  query FlowRuns($flow: String, $state: FlowRunState, $after: ID) {
    flowRuns(flow: $flow, state: $state, after: $after) {
      items {
        id
        flow
        version
        key
        state
        reason
        done
        steps
        createdAt
        endedAt
      }
      next
    }
  }
`);

export const runDocument = graphql(`
  query FlowRun($id: ID!) {
    flowRun(id: $id) {
      run {
        id
        flow
        version
        key
        state
        cause
        parentRun
        reason
        done
        steps
        createdAt
        endedAt
      }
      progress
      steps {
        name
        kind
        state
        why
        x
        y
        total
        done
        failed
        attempt
        attempts
        jobId
        childRun
        signalExample
        startedAt
        endedAt
      }
      edges {
        from
        to
        points {
          x
          y
        }
      }
      timeline {
        at
        type
        step
        index
        detail
      }
    }
  }
`);

export const cancelDocument = graphql(`
  mutation CancelFlow($id: ID!, $reason: String) {
    cancelFlow(id: $id, reason: $reason)
  }
`);

export const pauseDocument = graphql(`
  mutation PauseFlow($id: ID!, $reason: String) {
    pauseFlow(id: $id, reason: $reason)
  }
`);

export const resumeDocument = graphql(`
  mutation ResumeFlow($id: ID!, $reason: String) {
    resumeFlow(id: $id, reason: $reason)
  }
`);

export const retryDocument = graphql(`
  mutation RetryFlow($id: ID!, $reason: String) {
    retryFlow(id: $id, reason: $reason)
  }
`);

export const signalDocument = graphql(`
  mutation SignalFlow(
    $id: ID!
    $step: String!
    $payload: String!
    $reason: String
  ) {
    signalFlow(id: $id, step: $step, payload: $payload, reason: $reason)
  }
`);

export type Run = ResultOf<typeof runDocument>['flowRun'];
export type Step = Run['steps'][number];
