import { BROWSERS } from '../fixtures/browser.ts';
import { expect, test } from '../fixtures/test.ts';

const ADMIN_TOKEN = 'a-token-of-the-story';

test.use({ settings: { ADMIN_TOKEN } });

for (const browser of BROWSERS) {
  test(`${browser}: a manager sees who is where, locks a room, and ends it`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'red');
    const link = await alice.host(server.url);
    await server.createRoom('Somebody else');

    const manager = await person('Manager', browser, 'blue');
    const { page } = manager;
    // The browser names each refusal.
    manager.tolerates(/401|403/);
    await page.goto(`${server.url}/manage`);
    await expect(page.getByText('No meeting is running here.')).toBeVisible();
    await page.getByLabel('Administrator’s token').fill('not-the-token-at-all');
    await page.getByRole('button', { name: 'Show all meetings' }).click();
    await expect(page.getByText('This is not the administrator’s token.')).toBeVisible();
    await page.getByLabel('Administrator’s token').fill(ADMIN_TOKEN);
    await page.getByRole('button', { name: 'Show all meetings' }).click();
    const room = page.getByRole('listitem', { name: 'Alice’s meeting' });
    await expect(room).toContainText('1 person is here');
    await expect(room.getByRole('list')).toContainText('Alice');
    await expect(room).toContainText(/\d+ kb\/s in, \d+ kb\/s out/);
    await expect(page.getByRole('listitem', { name: 'Somebody else’s meeting' })).toBeVisible();

    // A look that fails is said until the next one succeeds.
    manager.tolerates(/ERR_FAILED/);
    await page.route('**/api/rooms', async (route) => await route.abort());
    const failure = page.getByText('The server cannot be reached.');
    await expect(failure).toBeVisible();
    await page.unroute('**/api/rooms');
    await expect(failure).toHaveCount(0);

    // The administrator's token opens no meeting: whoever comes from here is a guest, who knocks.
    await room.getByRole('link', { name: 'Open' }).click();
    await page.getByLabel('Your name').fill('Manager');
    await manager.knock();
    await expect(page.locator('[data-phase="waiting"]')).toBeVisible();
    await page.goto(`${server.url}/manage`);

    await room.getByRole('button', { name: 'Lock', exact: true }).click();
    await expect(room.getByText('Locked')).toBeVisible();
    const bob = await person('Bob', 'chromium', 'green');
    await bob.arrive(link);
    await bob.knock();
    await bob.expectOutcome('room_locked', 'The host locked the meeting.');

    await room.getByRole('button', { name: 'End for all' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End for all' }).click();
    await alice.expectOutcome('meeting_ended', /ended/);
    await expect(room).toHaveCount(0);
  });
}

test('a host manages their own rooms, and goes back into one from the landing page', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red');
  await alice.host(server.url);
  await server.createRoom('Somebody else');
  await alice.leave();
  await alice.page.goto(`${server.url}/manage`);
  await expect(alice.page.getByRole('listitem', { name: /’s meeting/ })).toHaveCount(1);

  await alice.page.goto(server.url);
  await alice.page.getByRole('link', { name: 'Alice’s meeting' }).click();
  await alice.join();
  await expect(alice.page.locator('[data-self]')).toBeVisible();
  await alice.leave();
  await alice.page.goto(server.url);
  await alice.page.getByRole('button', { name: 'Forget Alice’s meeting' }).click();
  await alice.page.reload();
  await expect(alice.page.getByRole('button', { name: 'Start a meeting' })).toBeEnabled();
  await expect(alice.page.getByRole('link', { name: 'Alice’s meeting' })).toHaveCount(0);
});
