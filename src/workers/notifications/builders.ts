import type {
  Notification,
  NotificationContexts,
  NotificationType,
} from './notification.ts';

/** What is stored of a notification, besides its type and recipients. */
export interface NotificationContent {
  /** The row that it is about. */
  readonly referenceId: string;
  /** With type and reference: what makes two notifications one. */
  readonly uniqueKey: string;
  readonly title: string;
  readonly body: string | null;
  /** A path of the application. */
  readonly targetUrl: string;
}

const previewLength = 200;

/** The beginning of a text, cut between characters. */
const preview = (text: string): string => {
  // One more than is shown tells whether anything is left out; no character has more than two units.
  const start = [...text.slice(0, 2 * (previewLength + 1))];
  if (start.length <= previewLength) return text;
  return `${start.slice(0, previewLength - 1).join('')}…`;
};

const builders: {
  readonly [Type in NotificationType]: (
    ctx: NotificationContexts[Type],
  ) => NotificationContent;
} = {
  article_new_comment: ({ post, comment, author }) => ({
    referenceId: comment.id,
    uniqueKey: '',
    title: `${author.name} commented on your post`,
    body: preview(comment.content),
    targetUrl: `/posts/${post.id}#comment-${comment.id}`,
  }),
  article_upvote_milestone: ({ post, upvotes }) => ({
    referenceId: post.id,
    uniqueKey: String(upvotes),
    title:
      upvotes === 1
        ? 'Your post got its first upvote'
        : `Your post reached ${upvotes} upvotes`,
    body: preview(post.title),
    targetUrl: `/posts/${post.id}`,
  }),
  comment_reply: ({ postId, reply, author }) => ({
    referenceId: reply.id,
    uniqueKey: '',
    title: `${author.name} replied to your comment`,
    body: preview(reply.content),
    targetUrl: `/posts/${postId}#comment-${reply.id}`,
  }),
  source_post_added: ({ post, source }) => ({
    referenceId: post.id,
    uniqueKey: '',
    title: `A new post in ${source.name}`,
    body: preview(post.title),
    targetUrl: `/posts/${post.id}`,
  }),
};

/** Builds what is stored of a notification. */
export const buildNotification = <Type extends NotificationType>({
  type,
  ctx,
}: Notification<Type>): NotificationContent => builders[type](ctx);
