import type { Comment, Post, Source, User } from '../../entity/index.ts';

/** What every notification knows. */
interface Recipients {
  /** Who is told; each once, however often they are named. */
  readonly userIds: readonly string[];
}

/** What the builder of a notification needs to know, by the notification's type. */
export interface NotificationContexts {
  article_new_comment: Recipients & {
    readonly post: Pick<Post, 'id'>;
    readonly comment: Pick<Comment, 'id' | 'content'>;
    readonly author: Pick<User, 'name'>;
  };
  article_upvote_milestone: Recipients & {
    readonly post: Pick<Post, 'id' | 'title'>;
    /** The milestone, not the number of upvotes. */
    readonly upvotes: number;
  };
  comment_reply: Recipients & {
    readonly postId: string;
    readonly reply: Pick<Comment, 'id' | 'content'>;
    readonly author: Pick<User, 'name'>;
  };
  source_post_added: Recipients & {
    readonly post: Pick<Post, 'id' | 'title'>;
    readonly source: Pick<Source, 'name'>;
  };
}

export type NotificationType = keyof NotificationContexts;

/** A notification as data: its type, and what the builder of that type needs. */
export type Notification<Type extends NotificationType = NotificationType> = {
  readonly [T in Type]: {
    readonly type: T;
    readonly ctx: NotificationContexts[T];
  };
}[Type];

/** What a notification worker returns; `undefined` when there is nobody to tell. */
export type NotificationHandlerReturn = readonly Notification[] | undefined;
