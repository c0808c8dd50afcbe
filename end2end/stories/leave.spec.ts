import { BROWSERS } from '../fixtures/browser.ts';
import { expect, test } from '../fixtures/test.ts';

test('whoever leaves is gone at once, is told so, and can come back', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red');
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'firefox', 'blue');
  await bob.accept(link);
  await alice.expectToSee(bob);

  await bob.leave();
  await expect(alice.tile('Bob')).toHaveCount(0, { timeout: 1_000 });
  expect(await server.participants(link)).toHaveLength(1);
  await bob.expectOutcome('left', 'Your camera and microphone are off.');

  await bob.page.getByRole('button', { name: 'Rejoin' }).click();
  await bob.join();
  await alice.expectToSee(bob);
  await bob.expectToSee(alice);
});

test('those who stay are told that the host left, until the host is back', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red');
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'firefox', 'blue');
  await bob.accept(link);
  await bob.expectToSee(alice);

  await alice.leave();
  await alice.expectOutcome('left', 'You left the meeting');
  await expect(bob.notice('host_away')).toContainText('The host left.');
  await alice.page.getByRole('button', { name: 'Rejoin' }).click();
  await alice.join();
  await expect(bob.notice('host_away')).toHaveCount(0, { timeout: 2_000 });
  await bob.expectToSee(alice);
});

for (const browser of BROWSERS) {
  test(`${browser}: a killed tab is noticed in 3 s, gone in 10 s, and leaves no ghost`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', browser, 'blue');
    await bob.accept(link);
    await alice.expectToSee(bob);

    await bob.vanish();
    const killed = Date.now();
    const present = alice.page.locator('[data-participant][data-presence="connected"]');
    await expect(present.filter({ hasText: 'Bob' })).toHaveCount(0, { timeout: 3_000 });
    await expect(alice.tile('Bob')).toHaveCount(0, { timeout: killed + 10_000 - Date.now() });
    expect((await server.participants(link)).map((listed) => listed.displayName)).toEqual(['Alice']);
  });
}

test('a reloaded tab is the same participant, and the host still', async ({ server, person }) => {
  const alice = await person('Alice', 'chromium', 'red');
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'firefox', 'blue');
  await bob.accept(link);
  await bob.expectToSee(alice);
  const before = await bob.idOf('Alice');
  await alice.switch('Microphone').click();
  await alice.expectDevice('Microphone', 'off');

  await alice.page.reload();
  await alice.expectInRoom();
  await alice.expectToSee(bob);
  const roster = alice.page.getByRole('complementary', { name: 'People' }).getByRole('listitem');
  await expect(roster.filter({ hasText: 'Alice' })).toContainText('Host');
  await expect(bob.others).toHaveCount(1);
  await expect(bob.tile('Alice')).toHaveAttribute('data-presence', 'connected');
  expect(await bob.idOf('Alice')).toBe(before);
  // The devices are as they were.
  await bob.expectToSee(alice);
  await alice.expectDevice('Microphone', 'off');
});
