import { chromium, type Locator, type Page } from '@playwright/test';

import { BROWSERS } from '../fixtures/browser.ts';
import { expect, test } from '../fixtures/test.ts';

test('with JavaScript off, the pages before a meeting can be read', async ({ server }) => {
  const { roomId } = await server.createRoom('Alice');
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  const page = await browser.newPage({ javaScriptEnabled: false });
  await page.goto(server.url);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByRole('note')).toContainText('Calls need JavaScript');
  await expect(page.getByLabel('Your name')).toBeVisible();

  await page.getByLabel('Room id or invite link').fill(roomId);
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  await expect(page).toHaveURL(`${server.url}/join?room=${roomId}`);
  await expect(page.getByRole('heading', { name: 'Ready to join?' })).toBeVisible();
  await expect(page.getByLabel('Your name')).toBeVisible();
  await browser.close();
});

for (const browser of BROWSERS) {
  test(`${browser}: a keyboard is enough to start a meeting and to leave it`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', browser, 'red');
    const { page } = alice;
    await page.goto(server.url);
    const start = page.getByRole('button', { name: 'Start a meeting' });
    await expect(start).toBeEnabled();
    await tabTo(page, page.getByLabel('Your name'));
    await page.keyboard.type('Alice');
    await page.keyboard.press('Enter');

    await expect(page.getByRole('heading', { name: 'Ready to join?' })).toBeFocused();
    await alice.expectDevice('Camera', 'on');
    // The devices stand before the heading. Not all the way round through the browser's own
    // buttons: coming from there, Firefox under test types but does not press.
    await tabTo(page, alice.switch('Microphone'), 'Shift+Tab');
    await page.keyboard.press(' ');
    await alice.expectDevice('Microphone', 'off');
    await tabTo(page, page.getByRole('button', { name: 'Join now' }));
    await page.keyboard.press('Enter');

    await alice.expectInRoom();
    await alice.expectDevice('Microphone', 'off');
    await tabTo(page, alice.switch('Camera'));
    await page.keyboard.press('Enter');
    await alice.expectDevice('Camera', 'off');
    await page.keyboard.press('Enter');
    await alice.expectDevice('Camera', 'on');
    await expect(alice.switch('Camera')).toBeFocused();
    await tabTo(page, page.getByRole('button', { name: 'Leave' }));
    await page.keyboard.press('Enter');
    await alice.expectOutcome('left', 'Your camera and microphone are off.');
  });

  test(`${browser}: every page fits a phone of 360 px`, async ({ server, person }) => {
    const alice = await person('Alice', browser, 'red');
    const { page } = alice;
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(server.url);
    await expect(page.getByRole('button', { name: 'Start a meeting' })).toBeEnabled();
    await expectToFit(page);

    const { inviteLink } = await server.createRoom('A host whose name is as long as names go');
    await alice.arrive(inviteLink);
    await alice.expectDevice('Camera', 'on');
    await expectToFit(page);
    await alice.join();
    await expectToFit(page);
    await page.getByRole('button', { name: 'People' }).click();
    for (const name of [/^People/, /^Chat/, /^Invite/]) {
      await page.getByRole('tab', { name }).click();
      await expectToFit(page);
    }
    await expect(page.getByLabel('Invite link')).toBeVisible();
    await page.getByRole('button', { name: 'Close panel' }).click();
    await alice.leave();
    await alice.expectOutcome('left', 'Your camera and microphone are off.');
    await expectToFit(page);
  });
}

test('what a browser cannot do is not offered, and the screen stays awake for as long as one is in', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red');
  await alice.page.addInitScript(() => {
    const refuse = { configurable: true, get: () => false };
    Object.defineProperty(document, 'fullscreenEnabled', refuse);
    Object.defineProperty(document, 'pictureInPictureEnabled', refuse);
    window.locks = [];
    const request = navigator.wakeLock.request.bind(navigator.wakeLock);
    navigator.wakeLock.request = async (type) => {
      const lock = await request(type);
      window.locks.push(lock);
      return lock;
    };
  });
  await alice.host(server.url);
  await alice.page.getByRole('button', { name: 'More', exact: true }).click();
  await expect(alice.page.getByRole('button', { name: 'Keyboard shortcuts' })).toBeVisible();
  await expect(alice.page.getByRole('button', { name: 'Full screen' })).toHaveCount(0);
  await expect(alice.page.getByRole('button', { name: 'Picture in picture' })).toHaveCount(0);
  await alice.page.keyboard.press('Escape');
  const held = async () =>
    await alice.page.evaluate(() => window.locks.filter((lock) => !lock.released).length);
  await expect.poll(held).toBe(1);
  await alice.leave();
  await expect.poll(held).toBe(0);
});

/** Presses Tab, or Shift and Tab, until `target` has the focus. */
async function tabTo(page: Page, target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  for (let presses = 0; presses < 30; presses++) {
    await page.keyboard.press(key);
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error(`Tab does not lead to ${target}`);
}

async function expectToFit(page: Page): Promise<void> {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow, 'the page is as wide as the screen').toBeLessThanOrEqual(0);
}

declare global {
  interface Window {
    /** What keeps the screen awake, or did. */
    locks: WakeLockSentinel[];
  }
}
