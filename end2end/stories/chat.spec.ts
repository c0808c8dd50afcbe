import { BROWSERS } from '../fixtures/browser.ts';
import { Lights } from '../fixtures/light.ts';
import type { Participant } from '../fixtures/participant.ts';
import { readLink } from '../fixtures/server.ts';
import { expect, test } from '../fixtures/test.ts';

for (const browser of BROWSERS) {
  test(`${browser}: what one writes the others read, and who comes later too`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', browser, 'blue');
    await bob.accept(link);

    await openChat(bob);
    await expect(draft(bob)).toBeFocused();
    await draft(bob).fill('See https://example.com/a?b=c.');
    await draft(bob).press('Enter');
    await expect(draft(bob)).toHaveValue('');
    await draft(bob).pressSequentially('One');
    await draft(bob).press('Shift+Enter');
    await draft(bob).pressSequentially('Two');
    await draft(bob).press('Enter');
    await expect(texts(bob)).toHaveText(['See https://example.com/a?b=c.', 'One\nTwo']);

    await expect(alice.page.getByRole('status').filter({ hasText: 'One' })).toBeAttached();
    await alice.page.getByRole('button', { name: 'Chat, 2 unread' }).click();
    await expect(alice.page.getByRole('button', { name: 'Chat', exact: true })).toBeVisible();
    await expect(texts(alice)).toHaveText(['See https://example.com/a?b=c.', 'One\nTwo']);
    // One name for what one person writes in a row.
    await expect(alice.page.locator('.chat-author').filter({ hasText: 'Bob' })).toHaveCount(1);
    const found = texts(alice).getByRole('link');
    await expect(found).toHaveAttribute('href', 'https://example.com/a?b=c');
    await expect(found).toHaveAttribute('rel', 'noopener noreferrer');
    await expect(found).toHaveAttribute('target', '_blank');
    await write(alice, 'Thanks');
    await expect(texts(bob).last()).toHaveText('Thanks');

    const carol = await person('Carol', 'chromium', 'green');
    await carol.accept(link);
    await openChat(carol);
    await expect(texts(carol)).toHaveText(['See https://example.com/a?b=c.', 'One\nTwo', 'Thanks']);
  });
}

test('what is too long cannot be sent, and what is written fast arrives in order', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red');
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'firefox', 'blue');
  await bob.accept(link);
  await openChat(alice);
  await openChat(bob);
  await draft(bob).fill('x'.repeat(2_003));
  await expect(bob.page.getByText('3 characters too many')).toBeVisible();
  await expect(bob.page.getByRole('button', { name: 'Send', exact: true })).toBeDisabled();

  const written = Array.from({ length: 9 }, (_, index) => `Number ${index + 1}`);
  for (const text of written) await write(bob, text);
  await expect(texts(alice)).toHaveText(written);
  await expect(bob.page.locator('.chat-pending')).toHaveCount(0);
});

test('the list stays where one reads, and follows at its end', async ({ server, person }) => {
  const alice = await person('Alice', 'chromium', 'red');
  const link = await alice.host(server.url);
  const { room, token } = readLink(link);
  const helper = await person('Helper', 'chromium', 'blue');
  const crowd = await Lights.open(helper.page, server.url);
  await openChat(alice);
  for (let number = 0; number < 8; number++) {
    const { who } = await crowd.join({ displayName: `Guest ${number}`, roomId: room, token });
    for (let line = 0; line < 5; line++) await crowd.ask(who, 'sendChat', { text: `Line ${line}` });
    await crowd.leave(who);
  }
  await expect(texts(alice)).toHaveCount(40);
  const list = alice.page.getByRole('list', { name: 'Messages' });
  const below = async () =>
    await list.evaluate((it) => it.scrollHeight - it.clientHeight - it.scrollTop);
  await expect.poll(below).toBeLessThan(4);

  await list.evaluate((it) => (it.scrollTop = 50));
  const { who } = await crowd.join({ displayName: 'Late', roomId: room, token });
  await crowd.ask(who, 'sendChat', { text: 'News' });
  await expect(texts(alice)).toHaveCount(41);
  const toEnd = alice.page.getByRole('button', { name: 'New messages' });
  await expect(toEnd).toBeVisible();
  expect(await list.evaluate((it) => it.scrollTop)).toBe(50);
  await toEnd.click();
  await expect.poll(below).toBeLessThan(4);
  await expect(toEnd).toBeHidden();
  // Keys that turn pages of people scroll the list that has the focus.
  await list.focus();
  await alice.page.keyboard.press('PageUp');
  await expect.poll(below).toBeGreaterThan(40);
});


async function openChat(someone: Participant): Promise<void> {
  await someone.page.getByRole('button', { name: /^Chat/ }).click();
}

function draft(someone: Participant) {
  return someone.page.getByLabel('Message to everyone');
}

async function write(someone: Participant, text: string): Promise<void> {
  await draft(someone).fill(text);
  await draft(someone).press('Enter');
}

function texts(someone: Participant) {
  return someone.page.locator('.chat-line:not(.chat-pending) .chat-text');
}
