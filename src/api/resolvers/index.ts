import { dateTime } from '../date-time.ts';
import { contentMutations, contentQueries } from './content.ts';
import { followMutations } from './follows.ts';
import {
  notificationMutations,
  notificationQueries,
  notificationSubscriptions,
} from './notifications.ts';
import { outsideMutations } from './outside.ts';
import { peopleMutations, peopleQueries, viewerFields } from './people.ts';
import { searchQueries } from './search.ts';
import { viewMutations } from './views.ts';
import { voteMutations } from './votes.ts';

export const resolvers = {
  DateTime: dateTime,
  Query: {
    ...contentQueries,
    ...notificationQueries,
    ...peopleQueries,
    ...searchQueries,
  },
  Mutation: {
    ...contentMutations,
    ...followMutations,
    ...notificationMutations,
    ...outsideMutations,
    ...peopleMutations,
    ...viewMutations,
    ...voteMutations,
  },
  Subscription: notificationSubscriptions,
  Viewer: viewerFields,
};
