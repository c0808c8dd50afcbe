import { BROWSERS } from '../fixtures/browser.ts';
import { expect, test } from '../fixtures/test.ts';

for (const browser of BROWSERS) {
  test(`${browser}: whoever opens the meeting in another window moves there, and back`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', browser, 'blue');
    await bob.accept(link);
    await alice.expectToSee(bob);
    const id = await alice.idOf('Bob');

    const opened = bob.context.waitForEvent('page');
    await bob.page.evaluate(() => void window.open(location.href));
    const window2 = await opened;
    await bob.expectOutcome('replaced', 'You joined from another window.');
    await expect(window2.locator('[data-phase]')).toHaveAttribute('data-phase', 'in-meeting');
    await alice.expectFramesToAdvance('Bob');
    await expect(alice.others).toHaveCount(1);
    expect(await alice.idOf('Bob')).toBe(id);

    await bob.page.getByRole('button', { name: 'Rejoin' }).click();
    await bob.join();
    await expect(window2.locator('[data-outcome="replaced"]')).toBeVisible();
    await alice.expectToSee(bob);
    await expect(alice.others).toHaveCount(1);
  });
}
