import { readLink } from '../fixtures/server.ts';
import { expect, test } from '../fixtures/test.ts';

test('an invite that was changed does not let in', async ({ server, person }) => {
  const { inviteLink } = await server.createRoom('Alice');
  const bob = await person('Bob', 'chromium', 'blue');
  // The browser names the refusal to tell who is inside.
  bob.tolerates(/401/);
  await bob.arrive(inviteLink.replace(/[^.]+$/, 'A'.repeat(43)));
  await bob.knock();
  await bob.expectOutcome('invite_invalid', 'This invite link is not valid; ask for it again.');
});

test('an invite that has expired says when, and one can knock without it', async ({ server, person }) => {
  const { inviteLink, roomId } = await server.createRoom('Alice', { lobby: true });
  const { token } = readLink(inviteLink);
  const bob = await person('Bob', 'firefox', 'blue');
  await bob.arrive(inviteLink.replace(token, server.expiredToken(roomId)));
  await bob.knock();
  const year = new Date().getFullYear();
  await bob.expectOutcome('invite_expired', new RegExp(`expired on .*${year}.*; ask for a new one`));
  // It is not shown again, which would be refused again: whoever has no invite knocks.
  await bob.page.getByRole('button', { name: 'Ask to be let in' }).click();
  await bob.knock();
  await expect(bob.page.locator('[data-phase="waiting"]')).toBeVisible();
});

test('an invite to another room does not let in', async ({ server, person }) => {
  const here = await server.createRoom('Alice');
  const there = await server.createRoom('Carol');
  const bob = await person('Bob', 'chromium', 'blue');
  bob.tolerates(/403/);
  const { token } = readLink(there.inviteLink);
  await bob.arrive(here.inviteLink.replace(readLink(here.inviteLink).token, token));
  await bob.knock();
  await bob.expectOutcome('invite_invalid', 'This invite link is not valid; ask for it again.');
});

test('a room that does not exist says so before it asks for anything', async ({
  server,
  person,
}) => {
  const bob = await person('Bob', 'chromium', 'blue');
  // The browser logs every answer that is not a success.
  bob.tolerates(/status of 404/);
  await bob.page.goto(`${server.url}/join?room=room-AAAAAAAAAAAAAAAAAAAAAA`);
  await bob.expectOutcome('room_not_found', 'No meeting here; it may have ended.');
  await bob.page.getByRole('link', { name: 'Back to start' }).click();
  await expect(bob.page.getByRole('button', { name: 'Start a meeting' })).toBeVisible();
});

test('the invite in the query, as older links have it, lets in and leaves the address', async ({
  server,
  person,
}) => {
  const { inviteLink } = await server.createRoom('Alice', { inviteOnly: true });
  const bob = await person('Bob', 'firefox', 'blue');
  await bob.arrive(inviteLink.replace('#token=', '&token='));
  await expect(bob.page).toHaveURL(/\?room=[^&]+#token=/);
  await bob.join();
});

test('the box of the landing page takes a bare room id and a whole link', async ({
  server,
  person,
}) => {
  const { roomId, inviteLink } = await server.createRoom('Alice');
  const bob = await person('Bob', 'chromium', 'blue');
  for (const text of [roomId, inviteLink]) {
    await bob.page.goto(server.url);
    // Without its script the form would put a link into the query, which works too.
    await expect(bob.page.getByRole('button', { name: 'Start a meeting' })).toBeEnabled();
    await bob.page.getByLabel('Room id or invite link').fill(text);
    await bob.page.getByRole('button', { name: 'Join', exact: true }).click();
    await bob.page.getByLabel('Your name').fill('Bob');
    await bob.join();
    await bob.leave();
    await bob.expectOutcome('left', 'Your camera and microphone are off.');
  }
});

test('a meeting for invites only refuses its bare id, and says what it needs', async ({
  server,
  person,
}) => {
  const { roomId } = await server.createRoom('Alice', { inviteOnly: true });
  const bob = await person('Bob', 'chromium', 'blue');
  await bob.arrive(`${server.url}/join?room=${roomId}`);
  await bob.knock();
  await bob.expectOutcome(
    'invite_required',
    'This meeting needs an invite link; ask the host for it.',
  );
});
