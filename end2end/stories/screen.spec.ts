import { BROWSERS } from '../fixtures/browser.ts';
import { SCREEN } from '../fixtures/participant.ts';
import { expect, test } from '../fixtures/test.ts';

for (const browser of BROWSERS) {
  test(`${browser}: a screen that is shared is seen whole, beside the camera, until it is not`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', browser, 'blue');
    await bob.accept(link);
    await alice.expectToSee(bob);

    await bob.switch('Share screen').click();
    await bob.expectDevice('Share screen', 'on');
    const screen = alice.screenOf('Bob');
    await expect(screen).toBeVisible();
    await expect.poll(async () => await alice.pictureIn(screen), { timeout: 30_000 }).toBe(SCREEN);
    // In full size, however the bits fall short: letters shall stay readable. An encoder may begin
    // smaller while it does not know the link.
    await expect
      .poll(
        async () => {
          const receipt = await alice.receiptOf(screen);
          return [receipt?.frameWidth, receipt?.frameHeight];
        },
        { timeout: 10_000 },
      )
      .toEqual([1280, 800]);
    expect(await screen.locator('video').evaluate((it) => getComputedStyle(it).objectFit)).toBe(
      'contain',
    );
    await alice.expectToSee(bob);

    await bob.switch('Share screen').click();
    await bob.expectDevice('Share screen', 'off');
    await expect(screen).toHaveCount(0);
    await alice.expectToSee(bob);

    await bob.switch('Share screen').click();
    await expect.poll(async () => await alice.pictureIn(screen), { timeout: 30_000 }).toBe(SCREEN);
  });
}
