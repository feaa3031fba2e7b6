/** What the `${…}` of the properties files stand for, from the two addresses that every process of ours is given. */
export const environmentOf = (options: {
  readonly databaseUrl: string;
  readonly pubsubAddress: string;
  readonly projectId: string;
  /** Of its health; 0 for any free one. */
  readonly port: number;
}): Record<string, string> => {
  const database = new URL(options.databaseUrl);
  return {
    DATABASE_HOST: database.hostname,
    DATABASE_PORT: database.port || '5432',
    DATABASE_USER: decodeURIComponent(database.username),
    // An empty value is none for Quarkus; our own Postgres asks for no password.
    DATABASE_PASSWORD: decodeURIComponent(database.password) || 'none',
    DATABASE_NAME: decodeURIComponent(database.pathname.slice(1)),
    PUBSUB_EMULATOR_HOST: options.pubsubAddress,
    PUBSUB_PROJECT_ID: options.projectId,
    DEBEZIUM_PORT: String(options.port),
  };
};
