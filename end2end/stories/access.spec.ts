import { expectAccessible } from '../fixtures/axe.ts';
import { BROWSERS } from '../fixtures/browser.ts';
import { Lights } from '../fixtures/light.ts';
import { readLink } from '../fixtures/server.ts';
import { expect, test } from '../fixtures/test.ts';

test('every page before and after a meeting is accessible', async ({ server, person }) => {
  const alice = await person('Alice', 'chromium', 'red');
  const { page } = alice;
  // A browser names each address that nothing is at.
  alice.tolerates(/404/);
  await page.goto(server.url);
  await expect(page.getByRole('button', { name: 'Start a meeting' })).toBeEnabled();
  await expectAccessible(page, 'the landing page');
  await page.goto(`${server.url}/nothing-here`);
  await expectAccessible(page, 'an address that nothing is at');

  const { inviteLink } = await server.createRoom('Carol');
  await alice.arrive(inviteLink);
  await alice.expectDevice('Camera', 'on');
  await expectAccessible(page, 'the door');
  await alice.join();
  await alice.leave();
  await alice.expectOutcome('left', 'Your camera and microphone are off.');
  await expectAccessible(page, 'the page after a meeting');
  await page.goto(server.url);
  await expect(page.getByRole('heading', { name: 'Recent meetings' })).toBeVisible();
  await expectAccessible(page, 'the landing page of someone who was here before');
  await page.goto(`${server.url}/manage`);
  await expect(page.getByText('No meeting is running here.')).toBeVisible();
  await expectAccessible(page, 'the manager’s page');
});

test('a meeting is accessible', async ({ server, person }) => {
  const alice = await person('Alice', 'chromium', 'red');
  const bob = await person('Bob', 'chromium', 'blue');
  await bob.accept(await alice.host(server.url));
  await alice.expectToSee(bob);
  await expectAccessible(alice.page, 'the meeting');
  await alice.page.setViewportSize({ width: 360, height: 740 });
  await expectAccessible(alice.page, 'the meeting on a phone');
});

test('the side panel, its dialogs and the page of someone who waits are accessible', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red');
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'chromium', 'blue');
  await bob.accept(link);
  const carol = await person('Carol', 'chromium', 'green');
  await carol.arrive(`${server.url}/join?room=${readLink(link).room}`);
  await carol.knock();
  await expect(carol.page.locator('[data-phase="waiting"]')).toBeVisible();
  await expectAccessible(carol.page, 'the page of someone who waits');

  const { page } = alice;
  await expect(page.locator('[data-notice="knock"]')).toBeVisible();
  await bob.page.getByRole('button', { name: 'Raise hand' }).click();
  for (const text of ['One https://example.com', 'Two']) {
    await bob.page.getByRole('button', { name: /^Chat/ }).click();
    await bob.page.getByLabel('Message to everyone').fill(text);
    await bob.page.keyboard.press('Enter');
    await bob.page.keyboard.press('Escape');
  }
  await page.getByRole('tab', { name: /^People/ }).click();
  await expectAccessible(page, 'people');
  await page.getByRole('button', { name: 'Actions for Bob' }).click();
  await expectAccessible(page, 'a menu');
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await expectAccessible(page, 'a question');
  await page.keyboard.press('Escape');
  await page.getByRole('tab', { name: /^Chat/ }).click();
  await expectAccessible(page, 'the chat');
  await page.getByRole('tab', { name: 'Invite' }).click();
  await page.getByRole('button', { name: 'New invite' }).click();
  await expectAccessible(page, 'the invites');
});

test('the tabs of the side panel are one stop, and arrows go through them', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'firefox', 'red');
  await alice.host(server.url);
  const { page } = alice;
  const tab = (name: RegExp) => page.getByRole('tab', { name });
  await tab(/^Invite/).focus();
  await page.keyboard.press('ArrowRight');
  await expect(tab(/^People/)).toBeFocused();
  await expect(page.getByRole('tabpanel', { name: /^People/ })).toBeVisible();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await expect(tab(/^Chat/)).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Close panel' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('complementary')).toBeHidden();
  const chat = page.getByRole('button', { name: 'Chat', exact: true });
  await expect(chat).toBeFocused();
  await page.keyboard.press('h');
  await expect(page.getByRole('button', { name: 'Raise hand' })).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('c');
  await expect(page.getByLabel('Message to everyone')).toBeFocused();
  await page.keyboard.type('hc');
  await expect(page.getByLabel('Message to everyone')).toHaveValue('hc');
});

for (const browser of BROWSERS) {
  test(`${browser}: what goes away leaves the focus to what is next, and Escape closes one thing at a time`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', browser, 'red');
    const { room, token } = readLink(await alice.host(server.url));
    const helper = await person('Helper', 'chromium', 'blue');
    const crowd = await Lights.open(helper.page, server.url);
    const knock = async (displayName: string) => await crowd.join({ displayName, roomId: room });
    await crowd.join({ displayName: 'Bob', roomId: room, token });
    const { page } = alice;
    const button = (name: string) => page.getByRole('button', { name, exact: true });

    const people = page.getByRole('tab', { name: /^People/ });
    await people.click();
    await knock('Carol');
    await knock('Dave');
    await expect(button('Refuse Dave')).toBeVisible();
    await button('Admit Carol').press('Enter');
    await expect(button('Admit Dave')).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(people).toBeFocused();

    // One who was refused leaves the focus to no button that lets in another.
    await knock('Frank');
    await knock('Grace');
    await expect(button('Refuse Grace')).toBeVisible();
    await button('Refuse Frank').press('Enter');
    await expect(button('Refuse Grace')).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(people).toBeFocused();
    // “Admit all” goes by being hidden.
    await knock('Heidi');
    await knock('Ivan');
    await expect(button('Refuse Ivan')).toBeVisible();
    await button('Admit all').press('Enter');
    await expect(people).toBeFocused();
    // What went while something else had the focus takes it from nothing later.
    await knock('Judy');
    await button('Refuse Judy').focus();
    await button('More').focus();
    await button('Refuse Judy').dispatchEvent('click');
    await expect(button('Refuse Judy')).toHaveCount(0);
    await button('More').blur();
    await knock('Karl');
    await expect(button('Refuse Karl')).toBeVisible();
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100))));
    await expect(page.locator('body')).toBeFocused();
    await button('Refuse Karl').press('Enter');
    await expect(people).toBeFocused();

    const panel = page.getByRole('complementary');
    const entry = button('Remove');
    await button('Actions for Bob').press('Enter');
    await expect(entry).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(entry).toBeHidden();
    await button('Actions for Bob').press('Enter');
    await entry.focus();
    await page.keyboard.press('Escape');
    await expect(entry).toBeHidden();
    await expect(panel).toBeVisible();

    await button('Hide my tile').press('Enter');
    await expect(button('More')).toBeFocused();
    await people.press('Escape');
    await expect(panel).toBeHidden();
    await knock('Erin');
    await button('Refuse Erin').press('Enter');
    await expect(page.locator('#toggle-people')).toBeFocused();
  });
}
