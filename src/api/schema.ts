/** The API's schema; `createApi` adds resolvers and loaders. */
export const schema = /* GraphQL */ `
  "A moment in ISO 8601, UTC."
  scalar DateTime

  type Query {
    "The person for whom the gateway asks."
    viewer: Viewer!
    user(id: ID!): User
    source(id: ID!): Source
    post(id: ID!): Post
    comment(id: ID!): Comment
    "Newest first. \`first\` is at most 100; \`after\` is the \`next\` of the page before."
    posts(first: Int! = 20, after: ID): PostPage!
    "By words in title or text, best first; phrases in quotes, or, and -without as in search engines."
    searchPosts(query: String!, first: Int! = 20): [Post!]!
    "Of one post, replies included, oldest first."
    comments(postId: ID!, first: Int! = 20, after: ID): CommentPage!
    "The viewer's, newest first."
    notifications(first: Int! = 20, after: ID): NotificationPage!
  }

  type Mutation {
    createUser(input: CreateUserInput!): User!
    createSource(input: CreateSourceInput!): Source!
    "By the viewer."
    createPost(input: CreatePostInput!): Post!
    "By the viewer; with a parentId, a reply."
    createComment(input: CreateCommentInput!): Comment!
    "The viewer's vote; giving the same vote again changes nothing."
    votePost(id: ID!, vote: Vote!): Post!
    "The viewer's vote; giving the same vote again changes nothing."
    voteComment(id: ID!, vote: Vote!): Comment!
    "Counts a view of a post, by the viewer if there is one; the count follows within seconds."
    viewPost(id: ID!): Boolean!
    "Tells the viewer of new posts of a source; following it again changes nothing."
    followSource(id: ID!): Boolean!
    "Whether the viewer followed the source."
    unfollowSource(id: ID!): Boolean!
    "Replaces the viewer's subscription, if there is one."
    subscribeDigest(input: SubscribeDigestInput!): DigestSubscription!
    "Whether the viewer had a subscription."
    unsubscribeDigest: Boolean!
    "Marks one of the viewer's notifications as read; the first time counts."
    readNotification(id: ID!): Notification!
    "Follows a feed: its items become posts of the source, by the viewer. It is synced at once."
    connectFeed(input: ConnectFeedInput!): Connection!
    "Syncs a connection again that was disabled because its feed was gone."
    enableConnection(id: ID!): Connection!
    "Tells this address of what happens to the viewer, signed as Standard Webhooks says."
    createWebhookEndpoint(url: String!): NewWebhookEndpoint!
    "A new secret; the one before signs, too, for a day."
    rotateWebhookSecret(id: ID!): String!
    "Sends to an endpoint of the viewer's again that was disabled because it kept failing."
    enableWebhookEndpoint(id: ID!): Boolean!
  }

  type Subscription {
    """
    The viewer's notifications, as they come. Ends when some may have been missed: read
    \`notifications\`, then subscribe again.
    """
    newNotification: Notification!
  }

  enum Vote {
    UP
    DOWN
    "Takes the vote back."
    NONE
  }

  enum DigestFrequency {
    daily
    workdays
    weekly
  }

  type User {
    id: ID!
    username: String!
    name: String!
    reputation: Int!
    createdAt: DateTime!
  }

  type Viewer {
    id: ID!
    username: String!
    name: String!
    email: String!
    timezone: String!
    reputation: Int!
    digest: DigestSubscription
  }

  type Source {
    id: ID!
    handle: String!
    name: String!
  }

  type Post {
    id: ID!
    title: String!
    "Markdown."
    content: String!
    upvotes: Int!
    comments: Int!
    views: Int!
    createdAt: DateTime!
    updatedAt: DateTime!
    author: User!
    source: Source!
  }

  type Comment {
    id: ID!
    "Markdown."
    content: String!
    "Sanitised HTML, made in the background; empty until then."
    contentHtml: String!
    upvotes: Int!
    createdAt: DateTime!
    updatedAt: DateTime!
    parentId: ID
    author: User!
    post: Post!
  }

  type Notification {
    id: ID!
    type: String!
    title: String!
    body: String
    targetUrl: String!
    readAt: DateTime
    createdAt: DateTime!
  }

  type Connection {
    id: ID!
    url: String!
    lastSyncedAt: DateTime
    lastError: String
    disabledAt: DateTime
  }

  type NewWebhookEndpoint {
    id: ID!
    url: String!
    "Shown this once."
    secret: String!
  }

  type DigestSubscription {
    frequency: DigestFrequency!
    "0 to 23 in the viewer's timezone."
    preferredHour: Int!
  }

  type PostPage {
    items: [Post!]!
    "Null on the last page."
    next: ID
  }

  type CommentPage {
    items: [Comment!]!
    "Null on the last page."
    next: ID
  }

  type NotificationPage {
    items: [Notification!]!
    "Null on the last page."
    next: ID
  }

  input CreateUserInput {
    username: String!
    name: String!
    email: String!
    "An IANA name."
    timezone: String = "Etc/UTC"
  }

  input CreateSourceInput {
    handle: String!
    name: String!
  }

  input ConnectFeedInput {
    sourceId: ID!
    "http or https."
    url: String!
  }

  input CreatePostInput {
    sourceId: ID!
    title: String!
    "Markdown."
    content: String!
  }

  input CreateCommentInput {
    postId: ID!
    parentId: ID
    "Markdown."
    content: String!
  }

  input SubscribeDigestInput {
    frequency: DigestFrequency!
    preferredHour: Int!
  }
`;
