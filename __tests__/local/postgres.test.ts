import pg from 'pg';

test('the embedded Postgres streams logical changes', async () => {
  const client = new pg.Client({
    connectionString: process.env.TEST_POSTGRES_URL,
  });
  await client.connect();
  const { rows } = await client.query<{ wal_level: string }>('show wal_level');
  await client.end();
  expect(rows[0]?.wal_level).toBe('logical');
});
