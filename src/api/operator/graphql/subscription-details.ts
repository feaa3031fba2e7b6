import { z } from 'zod';

import { readGroups } from '../../../dead-letters/groups.ts';
import {
  type BrokerSettings,
  readSubscription,
} from '../../../observation/subscription.ts';
import { notFound } from '../../errors.ts';
import { parseInput } from '../../input.ts';
import type { OverviewService } from '../overview-service.ts';
import type { OperatorQuery } from './fields.ts';
import { shownBacklog } from './overview.ts';

export interface SubscriptionDependencies {
  readonly overview: OverviewService;
  /** What the broker has; given by a process that may ask it. @default unknown */
  readonly brokerSettings?: (() => Promise<BrokerSettings>) | undefined;
}

/** Groups of dead letters shown. */
const shownGroups = 5;

const input = z.strictObject({ name: z.string().min(1).max(300) });

export const subscriptionQueries = ({
  overview,
  brokerSettings,
}: SubscriptionDependencies): Readonly<Record<string, OperatorQuery>> => ({
  subscriptionDetails: [
    'read',
    async (args, { con }) => {
      const { name } = parseInput(input, args);
      let liveUnknown: string | undefined;
      const live = await (
        brokerSettings?.() ??
        Promise.reject(new Error('this process cannot ask the broker'))
      ).catch((error: unknown) => {
        liveUnknown = error instanceof Error ? error.message : String(error);
        return undefined;
      });
      const { subscriptions } = await overview.current();
      const found = await readSubscription(
        con.manager,
        name,
        live,
        subscriptions,
      );
      if (!found) throw notFound('subscription', name);
      const open = { subscription: name, state: 'open' } as const;
      const { entries, groups } = await readGroups(con, open, shownGroups);
      return {
        ...found,
        backlog: found.backlog && shownBacklog(found.backlog),
        liveUnknown,
        openDeadLetters: entries,
        deadLetters: groups,
      };
    },
  ],
});
