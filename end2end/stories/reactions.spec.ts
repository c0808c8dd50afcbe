import { BROWSERS } from '../fixtures/browser.ts';
import { expect, test } from '../fixtures/test.ts';

for (const browser of BROWSERS) {
  test(`${browser}: a reaction is at everyone for four seconds`, async ({ server, person }) => {
    const alice = await person('Alice', 'chromium', 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', browser, 'blue');
    await bob.accept(link);
    await alice.page.emulateMedia({ reducedMotion: 'reduce' });

    await bob.page.getByRole('button', { name: 'React', exact: true }).click();
    await bob.page.getByRole('button', { name: 'Applause' }).click();
    const shown = alice.tile('Bob').locator('.tile-reaction');
    await expect(shown).toHaveText('👏');
    const since = Date.now();
    await expect(alice.page.locator('.floating-reaction')).toContainText('Bob');
    await expect(alice.page.getByRole('status').filter({ hasText: 'Bob: Applause' })).toBeAttached();
    expect(await shown.evaluate((it) => getComputedStyle(it).animationName)).toBe('none');
    // Bob sees his own, too.
    await expect(bob.page.locator('[data-self] .tile-reaction')).toHaveText('👏');
    await expect(shown).toHaveCount(0);
    expect(Date.now() - since).toBeGreaterThan(2_500);
    expect(Date.now() - since).toBeLessThan(6_000);
    await expect(alice.page.locator('.floating-reaction')).toHaveCount(0);
    // The palette can be used by keyboard alone, and gives the focus back.
    const button = bob.page.getByRole('button', { name: 'React', exact: true });
    await button.focus();
    await bob.page.keyboard.press('Enter');
    await bob.page.keyboard.press('Tab');
    await expect(bob.page.getByRole('button', { name: 'Thumbs up' })).toBeFocused();
    await bob.page.keyboard.press('Escape');
    await expect(button).toBeFocused();
  });
}
