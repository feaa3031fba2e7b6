import { graphql } from '../api/graphql.ts';
import { useQuery } from '../api/use-query.ts';
import { Confirmed } from '../parts/confirm.tsx';
import { Ago } from '../parts/time.tsx';
import { useRight } from '../session/operator.ts';

const pausesDocument = graphql(`
  query SubscriptionPauses {
    subscriptionPauses {
      subscription
      pausedAt
      pausedBy
      reason
    }
  }
`);

const pauseDocument = graphql(`
  mutation PauseSubscription($subscription: String!, $reason: String!) {
    pauseSubscription(subscription: $subscription, reason: $reason)
  }
`);

const resumeDocument = graphql(`
  mutation ResumeSubscription($subscription: String!, $reason: String) {
    resumeSubscription(subscription: $subscription, reason: $reason)
  }
`);

/** What is paused, by subscription, and a way to look again. */
export const usePauses = () => {
  const { data, refresh } = useQuery(pausesDocument, {});
  const pauses = new Map(
    data?.subscriptionPauses.map((pause) => [pause.subscription, pause]),
  );
  return { pauses, known: data !== undefined, refresh };
};

type Pauses = ReturnType<typeof usePauses>;

/** Who has paused a subscription, since when and why. */
export const PauseNotice = ({
  name,
  pauses,
}: {
  readonly name: string;
  readonly pauses: Pauses['pauses'];
}) => {
  const pause = pauses.get(name);
  return pause ? (
    <p className="notice warning" role="status">
      Paused by {pause.pausedBy} <Ago at={pause.pausedAt} />: {pause.reason}.
      Its messages wait at the broker.
    </p>
  ) : null;
};

/** Pauses or resumes one subscription, by who may. */
export const PauseActions = ({
  name,
  state: { pauses, known, refresh },
}: {
  readonly name: string;
  readonly state: Pauses;
}) => {
  const may = useRight('subscriptions');
  if (!may || !known) return null;
  const common = { variables: { subscription: name }, onDone: refresh };
  return pauses.has(name) ? (
    <Confirmed
      name="Resume"
      title={`Resume ${name}`}
      says="Within seconds every process that serves it receives again, and takes up what has waited."
      document={resumeDocument}
      {...common}
    />
  ) : (
    <Confirmed
      name="Pause"
      title={`Pause ${name}`}
      says="Within seconds no process receives from it. What runs goes on to its end, what is queued is given back; its messages wait at the broker, which deletes them once they are older than its retention."
      document={pauseDocument}
      needsReason
      {...common}
    />
  );
};
