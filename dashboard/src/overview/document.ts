import { graphql, type ResultOf } from '../api/graphql.ts';

export const overviewDocument = graphql(`
  subscription Overview {
    overview {
      at
      troubles {
        level
        sentence
        about
      }
      processes {
        id
        name
        host
        pid
        startedAt
        seenAt
        silent
        rates {
          messages
          messagesFailed
          jobs
          jobsFailed
          requests
        }
      }
      timings {
        what
        of
        count
        p50
        p95
        p99
      }
      throughput {
        times
        series {
          processId
          values
        }
      }
      subscriptions {
        name
        backlog
        outstanding
        oldestUnackedSeconds
        receivers
      }
      subscriptionsUnknown
      flows {
        flow
        running
        paused
        failed
        tasksRunning
        tasksQueued
        tasksWaiting
        completed
        median
        p95
      }
      queues {
        queue
        pending
        scheduled
        running
        failed
        completed
        oldestDueSeconds
        pausedBy
      }
      deadLetters {
        open
        groups {
          source
          subscription
          fingerprint
          state
          entries
          lastSeenAt
          error
        }
      }
      replication {
        active
        reader
        retainedBytes
        stations {
          name
          waiting
          unit
          seconds
          sentence
        }
        bottleneck
        sentence
      }
    }
  }
`);

export const doctorDocument = graphql(`
  query Doctor {
    doctor {
      available
      at
      findings {
        check
        level
        message
        remedy
      }
    }
  }
`);

export type Overview = ResultOf<typeof overviewDocument>['overview'];
export type DoctorAnswer = ResultOf<typeof doctorDocument>;
export type Finding = DoctorAnswer['doctor']['findings'][number];
