import { BROWSERS } from '../fixtures/browser.ts';
import type { Participant } from '../fixtures/participant.ts';
import { expect, test } from '../fixtures/test.ts';

for (const browser of BROWSERS) {
  test(`${browser}: a host mutes, asks to unmute, and stops a share; the others see it`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', browser, 'blue');
    await bob.accept(link);
    const carol = await person('Carol', 'chromium', 'green');
    await carol.accept(link);
    await expect(carol.tile('Bob')).toHaveAttribute('data-audio', 'on');

    await act(alice, 'Bob', 'Mute');
    await expect(carol.tile('Bob')).toHaveAttribute('data-audio', 'off');
    await bob.expectDevice('Microphone', 'off');
    await expect(bob.page.locator('[data-notice="muted_by"]')).toContainText('Alice muted you.');
    await act(alice, 'Bob', 'Ask to unmute');
    const asked = bob.page.locator('[data-notice="asked_to_unmute"]');
    await expect(asked).toContainText('Alice asks you to unmute.');
    await asked.getByRole('button', { name: 'Unmute' }).click();
    await expect(asked).toHaveCount(0);
    await expect(carol.tile('Bob')).toHaveAttribute('data-audio', 'on');
    await carol.expectToHear(2);

    await act(alice, 'Bob', 'Turn camera off');
    await expect(carol.tile('Bob')).toHaveAttribute('data-video', 'off');
    await bob.expectDevice('Camera', 'off');
    await bob.switch('Share screen').click();
    await expect(carol.screenOf('Bob')).toBeVisible();
    await act(alice, 'Bob', 'Stop screen share');
    await expect(carol.screenOf('Bob')).toHaveCount(0);
    await bob.expectDevice('Share screen', 'off');
    await expect(bob.page.locator('[data-notice="share_stopped_by"]')).toContainText('Alice');
    // It may be shared again.
    await bob.switch('Share screen').click();
    await expect(carol.screenOf('Bob')).toBeVisible();

    await alice.page.getByRole('button', { name: 'Mute all' }).click();
    for (const one of [bob, carol]) await one.expectDevice('Microphone', 'off');
    await alice.expectDevice('Microphone', 'on');
    await expect(alice.page.getByRole('button', { name: 'Mute all' })).toBeDisabled();
  });

  test(`${browser}: a role is given, kept over a reload, handed over, and taken`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', browser, 'blue');
    await bob.accept(link);
    const carol = await person('Carol', 'chromium', 'green');
    await carol.accept(link);
    await expect(bob.page.getByRole('button', { name: 'Actions for Carol' })).toHaveCount(0);
    await expect(bob.page.getByRole('switch')).toHaveCount(0);

    await act(alice, 'Bob', 'Make co-host');
    const notice = bob.page.locator('[data-notice="role_changed"]');
    await expect(notice).toContainText('co-host');
    // Whoever dismisses it with the keyboard goes on from the meeting, not from the top of the page.
    await notice.getByRole('button', { name: 'Dismiss' }).press('Enter');
    await expect(notice).toHaveCount(0);
    await expect(bob.page.locator('#content')).toBeFocused();
    await expect(entry(carol, 'Bob')).toContainText('Co-host');
    await bob.page.reload();
    await bob.expectInRoom();
    await act(bob, 'Carol', 'Mute');
    await carol.expectDevice('Microphone', 'off');
    // A co-host does not reach the host.
    await expect(bob.page.getByRole('button', { name: 'Actions for Alice' })).toHaveCount(0);
    await expect(bob.page.getByRole('switch', { name: /^Lock/ })).toBeVisible();

    await act(alice, 'Bob', 'Make host');
    await confirm(alice, 'Make Bob the host?', 'Make host');
    await expect(entry(carol, 'Bob')).toContainText('Host');
    await expect(entry(carol, 'Alice')).toContainText('Co-host');
    // The link that lets in as host is none of Bob's own.
    await bob.page.getByRole('tab', { name: 'Invite' }).click();
    await expect(bob.page.getByText('The host’s link')).toBeVisible();
    await act(bob, 'Alice', 'No longer co-host');
    await expect(alice.page.locator('[data-notice="role_changed"]')).toContainText('no longer');
    await expect(alice.page.getByRole('switch')).toHaveCount(0);
  });

  test(`${browser}: who is removed is out and told; who is blocked cannot come back`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', browser, 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', 'chromium', 'blue');
    await bob.accept(link);
    await alice.expectToSee(bob);

    await act(alice, 'Bob', 'Remove');
    await alice.page.getByRole('button', { name: 'Cancel' }).click();
    await expect(alice.tile('Bob')).toBeVisible();
    await act(alice, 'Bob', 'Remove');
    await confirm(alice, 'Remove Bob?', 'Remove');
    await bob.expectOutcome('kicked', 'The host removed you.');
    await expect(alice.tile('Bob')).toHaveCount(0);

    await bob.accept(link);
    await act(alice, 'Bob', 'Remove and block');
    await confirm(alice, 'Remove and block Bob?', 'Remove and block');
    await bob.expectOutcome('kicked', 'The host removed you.');
    // The browser names the refusal to tell who is inside.
    bob.tolerates(/401/);
    await bob.arrive(link);
    await bob.knock();
    await bob.expectOutcome('invite_revoked', 'The host withdrew this invite.');
    await expect.poll(async () => await alice.inviteLink()).not.toBe(link);
    await bob.accept(await alice.inviteLink());
    await alice.expectToSee(bob);
  });

  test(`${browser}: a locked meeting lets nobody in, and ends for everyone at once`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', browser, 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', 'chromium', 'blue');
    await bob.accept(link);
    await alice.page.getByRole('tab', { name: /^People/ }).click();
    const lock = alice.page.getByRole('switch', { name: /^Lock/ });
    await lock.click();
    await expect(lock).toBeChecked();
    const carol = await person('Carol', 'chromium', 'green');
    await carol.arrive(link);
    await carol.knock();
    await carol.expectOutcome('room_locked', 'The host locked the meeting.');
    await lock.click();
    await expect(lock).not.toBeChecked();
    await carol.page.getByRole('button', { name: 'Rejoin' }).click();
    await carol.join();

    await alice.page.getByRole('button', { name: 'Leave', exact: true }).click();
    await alice.page.getByRole('button', { name: 'End for everyone' }).click();
    await confirm(alice, 'End the meeting for everyone?', 'End for everyone');
    for (const one of [alice, bob, carol]) {
      await one.expectOutcome('meeting_ended', 'The host ended the meeting.');
    }
    await expect(bob.page.getByRole('heading', { name: 'The meeting has ended' })).toBeVisible();
  });
}

test('who was made the host may leave and come back as the host, and manages the meeting', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red');
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'firefox', 'blue');
  await bob.accept(link);
  await act(alice, 'Bob', 'Make host');
  await confirm(alice, 'Make Bob the host?', 'Make host');
  await expect(bob.notice('role_changed')).toContainText('You are the host now.');

  await bob.leave();
  await bob.page.getByRole('button', { name: 'Rejoin' }).click();
  await bob.join();
  await act(bob, 'Alice', 'Mute');
  await alice.expectDevice('Microphone', 'off');
  await bob.leave();
  await bob.page.goto(`${server.url}/manage`);
  await expect(bob.page.getByRole('listitem', { name: 'Alice’s meeting' })).toBeVisible();
  await bob.page.goto(server.url);
  await bob.page.getByRole('link', { name: 'Alice’s meeting' }).click();
  await bob.join();
  await expect(entry(alice, 'Bob')).toContainText('Host');
});

test('who comes to the door with another invite and another name comes in as that', async ({
  server,
  person,
}) => {
  const { inviteLink, hostToken, roomId } = await server.createRoom('Alice');
  const bob = await person('Bob', 'chromium', 'blue');
  await bob.accept(inviteLink);
  const carol = await person('Carol', 'chromium', 'green');
  await carol.accept(inviteLink);
  // Out by the address, not by the button.
  await bob.page.goto(`${server.url}/join?room=${roomId}#token=${hostToken}`);
  await bob.page.getByLabel('Your name').fill('Robert');
  await bob.join();
  await carol.page.getByRole('tab', { name: /^People/ }).click();
  await expect(entry(carol, 'Robert')).toContainText('Host');
});

async function act(one: Participant, name: string, action: string): Promise<void> {
  await one.page.getByRole('tab', { name: /^People/ }).click();
  await one.page.getByRole('button', { name: `Actions for ${name}` }).click();
  await one.page.getByRole('button', { name: action, exact: true }).click();
}

async function confirm(one: Participant, question: string, yes: string): Promise<void> {
  const dialog = one.page.getByRole('dialog', { name: question });
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await dialog.getByRole('button', { name: yes, exact: true }).click();
}

function entry(one: Participant, name: string) {
  return one.page.locator('.person').filter({ hasText: name });
}
