import { BROWSERS } from '../fixtures/browser.ts';
import { readLink } from '../fixtures/server.ts';
import { expect, test } from '../fixtures/test.ts';

for (const browser of BROWSERS) {
  test(`${browser}: whoever has only the room's id knocks, and comes in when admitted`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'red');
    const link = await alice.host(server.url);
    const door = `${server.url}/join?room=${readLink(link).room}`;
    const bob = await person('Bob', browser, 'blue');
    await bob.arrive(door);
    await bob.knock();
    const waiting = bob.page.locator('[data-phase="waiting"]');
    await expect(waiting).toContainText('You’re at the door, Bob');
    await expect(waiting).toContainText('The host will let you in soon.');

    const bell = alice.page.locator('[data-notice="knock"]');
    await expect(bell).toContainText('Bob wants to come in.');
    await expect(
      alice.page.getByRole('status').filter({ hasText: 'Bob wants to come in.' }),
    ).toBeAttached();
    await expect(alice.page.getByRole('button', { name: 'People, 1 waiting' })).toBeVisible();
    await bell.getByRole('button', { name: 'Admit Bob' }).click();
    await bob.expectInRoom();
    await alice.expectToSee(bob);
    await bob.expectToSee(alice);
    await expect(bell).toHaveCount(0);

    // Whoever comes back need not knock again.
    await bob.page.reload();
    await bob.expectInRoom();
    await alice.expectToSee(bob);
  });

  test(`${browser}: several wait in a list; one is refused, one goes, one is let in`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', browser, 'red');
    const link = await alice.host(server.url);
    const door = `${server.url}/join?room=${readLink(link).room}`;
    const guests = [];
    for (const [name, colour] of [['Bob', 'blue'], ['Carol', 'green'], ['Dave', 'yellow']] as const) {
      const guest = await person(name, 'chromium', colour);
      await guest.arrive(door);
      await guest.knock();
      await expect(guest.page.locator('[data-phase="waiting"]')).toBeVisible();
      guests.push(guest);
    }
    const [bob, carol, dave] = guests;
    const bell = alice.page.locator('[data-notice="knock"]');
    await expect(bell).toContainText('3 people want to come in.');
    await bell.getByRole('button', { name: 'Show' }).click();
    const list = alice.page.getByRole('region', { name: 'Waiting to be let in' });
    await expect(list.getByRole('listitem')).toHaveText([/Bob/, /Carol/, /Dave/]);
    await list.getByRole('button', { name: 'Refuse Bob' }).click();
    await bob!.expectOutcome('knock_refused', 'The host did not let you in.');
    await carol!.page.getByRole('button', { name: 'Stop waiting' }).click();
    await carol!.expectOutcome('left', 'Your camera and microphone are off.');
    await expect(list.getByRole('listitem')).toHaveText([/Dave/]);
    await list.getByRole('button', { name: 'Admit Dave' }).click();
    await dave!.expectInRoom();
    await alice.expectToSee(dave!);
    await expect(list).toBeHidden();

    // Without the lobby the id is enough again, for who waits and for who comes.
    await carol!.page.getByRole('button', { name: 'Rejoin' }).click();
    await carol!.knock();
    await expect(carol!.page.locator('[data-phase="waiting"]')).toBeVisible();
    const lobby = alice.page.getByRole('switch', { name: /^Lobby/ });
    await expect(lobby).toBeChecked();
    await lobby.click();
    await expect(lobby).not.toBeChecked();
    await carol!.expectInRoom();
    await alice.expectToSee(carol!);
    await bob!.accept(door);
    await alice.expectToSee(bob!);
  });
}

test('whoever knocks before the host is there is told so, and when that changes', async ({
  server,
  person,
}) => {
  const { roomId, hostToken } = await server.createRoom('Alice', { lobby: true });
  const bob = await person('Bob', 'firefox', 'blue');
  await bob.arrive(`${server.url}/join?room=${roomId}`);
  await bob.knock();
  const waiting = bob.page.locator('[data-phase="waiting"]');
  await expect(waiting).toContainText('No host is here yet.');
  const alice = await person('Alice', 'chromium', 'red');
  await alice.accept(`${server.url}/join?room=${roomId}#token=${hostToken}`);
  await expect(waiting).toContainText('The host will let you in soon.');
  // The list of those who wait is in sight: no banner says it twice.
  await alice.page.getByRole('tab', { name: /^People/ }).click();
  await alice.page.getByRole('button', { name: 'Admit Bob' }).click();
  await bob.expectInRoom();
  await alice.expectToSee(bob);
});
