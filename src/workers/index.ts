import type {
  personalizedDigestWorkers as declaredDigestWorkers,
  workers as declaredWorkers,
} from '../../.infra/common.ts';
import articleComment from './articleCommentNotification.ts';
import articleUpvoteMilestone from './articleUpvoteMilestoneNotification.ts';
import candidateOpportunityMatch from './candidateOpportunityMatch.ts';
import cdc from './cdc/index.ts';
import cdcNotifications from './cdcNotifications.ts';
import commentMarkdown from './commentMarkdown.ts';
import commentReply from './commentReplyNotification.ts';
import commentUpvoteCanceledRep from './commentUpvoteCanceledRep.ts';
import commentUpvotedRep from './commentUpvotedRep.ts';
import contactSync from './contactSync.ts';
import personalizedDigestEmail from './digest/personalizedDigestEmail.ts';
import experimentAllocated from './experimentAllocated.ts';
import { workerToExperimentWorker } from './experiments/worker.ts';
import newNotificationMail from './newNotificationMail.ts';
import newNotificationPush from './newNotificationPush.ts';
import newNotificationRealTime from './newNotificationRealTime.ts';
import { typedNotificationWorkerToWorker } from './notifications/worker.ts';
import postPublication from './postPublication.ts';
import postSearch from './postSearch.ts';
import postViews from './postViews.ts';
import postUpvoteCanceledRep from './postUpvoteCanceledRep.ts';
import postUpvotedRep from './postUpvotedRep.ts';
import sourcePost from './sourcePostNotification.ts';
import type { ChangesRegistry, TypedRegistry } from './registry.ts';

type Declared = (typeof declaredWorkers)[number];
type DeclaredDigest = (typeof declaredDigestWorkers)[number];

/** The workers of event topics. A declaration without its worker here does not compile. */
export const typedWorkers: TypedRegistry<Declared> = {
  'post-upvoted-rep': postUpvotedRep,
  'post-upvote-canceled-rep': postUpvoteCanceledRep,
  'comment-upvoted-rep': commentUpvotedRep,
  'comment-upvote-canceled-rep': commentUpvoteCanceledRep,
  'api.article-upvote-milestone-notification': typedNotificationWorkerToWorker(
    articleUpvoteMilestone,
  ),
  'api.comment-reply-notification':
    typedNotificationWorkerToWorker(commentReply),
  'api.experiment-allocated': workerToExperimentWorker(experimentAllocated),
  'api.comment-markdown': commentMarkdown,
  'api.article-comment-notification':
    typedNotificationWorkerToWorker(articleComment),
  'api.source-post-notification': typedNotificationWorkerToWorker(sourcePost),
  'api.post-publication': postPublication,
  'api.post-search': postSearch,
  'api.contact-sync': contactSync,
  'api.post-views': postViews,
  'api.new-notification-real-time': newNotificationRealTime,
  'api.new-notification-push': newNotificationPush,
  'api.new-notification-mail': newNotificationMail,
  'api.store-candidate-opportunity-match': candidateOpportunityMatch,
};

/** The legacy workers, of topics of row changes. */
export const workers: ChangesRegistry<Declared> = {
  'api-cdc': cdc,
  'api.cdc-notifications': cdcNotifications,
};

/** The workers of the digest process. */
export const personalizedDigestWorkers: TypedRegistry<DeclaredDigest> = {
  'api.personalized-digest-email': personalizedDigestEmail,
};
