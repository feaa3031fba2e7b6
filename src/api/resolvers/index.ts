import { dateTime } from '../date-time.ts';
import { contentMutations, contentQueries } from './content.ts';
import {
  notificationMutations,
  notificationQueries,
  notificationSubscriptions,
} from './notifications.ts';
import { outsideMutations } from './outside.ts';
import { peopleMutations, peopleQueries, viewerFields } from './people.ts';
import { viewMutations } from './views.ts';
import { voteMutations } from './votes.ts';

export const resolvers = {
  DateTime: dateTime,
  Query: { ...contentQueries, ...notificationQueries, ...peopleQueries },
  Mutation: {
    ...contentMutations,
    ...notificationMutations,
    ...outsideMutations,
    ...peopleMutations,
    ...viewMutations,
    ...voteMutations,
  },
  Subscription: notificationSubscriptions,
  Viewer: viewerFields,
};
