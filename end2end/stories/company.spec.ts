import { expect, test } from '../fixtures/test.ts';

test('whoever comes later sees and hears everyone, and is seen by everyone', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red');
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'firefox', 'blue');
  await bob.accept(link);
  await alice.expectToSee(bob);

  const carol = await person('Carol', 'chromium', 'green');
  await carol.accept(link);
  await carol.expectToSee(alice, bob);
  await alice.expectToSee(bob, carol);
  await bob.expectToSee(alice, carol);
  for (const one of [alice, bob, carol]) await one.expectToHear(2);

  const names = (await server.participants(link)).map((listed) => listed.displayName);
  expect(names).toEqual(['Alice', 'Bob', 'Carol']);
  const roster = carol.page.getByRole('complementary', { name: 'People' }).getByRole('listitem');
  await expect(roster).toHaveCount(3);
  await expect(roster.filter({ hasText: 'Alice' })).toContainText('Host');
});

test('two meetings at once stay apart', async ({ server, person }) => {
  const alice = await person('Alice', 'chromium', 'red');
  const one = await alice.host(server.url);
  const carol = await person('Carol', 'chromium', 'green');
  const other = await carol.host(server.url);
  const bob = await person('Bob', 'chromium', 'blue');
  await bob.accept(one);
  const dave = await person('Dave', 'chromium', 'yellow');
  await dave.accept(other);

  await alice.expectToSee(bob);
  await bob.expectToSee(alice);
  await carol.expectToSee(dave);
  await dave.expectToSee(carol);
  for (const someone of [alice, bob, carol, dave]) {
    await expect(someone.others).toHaveCount(1);
    await someone.expectToHear(1);
  }
  const names = async (link: string) =>
    (await server.participants(link)).map((listed) => listed.displayName);
  expect(await names(one)).toEqual(['Alice', 'Bob']);
  expect(await names(other)).toEqual(['Carol', 'Dave']);
});
