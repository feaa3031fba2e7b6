import { User } from '../../src/entity/index.ts';
import { saveFixtures } from './save-fixtures.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

test('databases cloned at the same time are migrated and know nothing of each other', async () => {
  const databases = await Promise.all([
    createTestDatabase(),
    createTestDatabase(),
    createTestDatabase(),
  ]);
  try {
    const [first, ...others] = databases as [TestDatabase, ...TestDatabase[]];
    const [user] = await saveFixtures(first.dataSource, User, [
      { username: 'reader', name: 'Reader', email: 'reader@example.com' },
    ]);
    expect(user).toMatchObject({ reputation: 10, timezone: 'Etc/UTC' });
    for (const { dataSource } of others)
      await expect(dataSource.getRepository(User).count()).resolves.toBe(0);
  } finally {
    await Promise.all(databases.map((database) => database.drop()));
  }
});
