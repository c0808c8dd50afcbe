import { BROWSERS } from '../fixtures/browser.ts';
import { expect, test } from '../fixtures/test.ts';

for (const browser of BROWSERS) {
  test(`${browser}: whoever speaks has a ring around them, at the others and at themselves`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'red');
    const link = await alice.host(server.url);
    await alice.switch('Microphone').click();
    const bob = await person('Bob', browser, 'blue');
    await bob.accept(link);
    await alice.expectToHear(1);

    const seen = alice.tile('Bob');
    await expect(seen).toHaveAttribute('data-speaking', 'true');
    await expect(seen).toHaveAccessibleName(/^Bob, Speaking/);
    await expect(bob.page.locator('[data-self]')).toHaveAttribute('data-speaking', 'true');

    await bob.switch('Microphone').click();
    await expect(seen).not.toHaveAttribute('data-speaking', 'true');
    await expect(bob.page.locator('[data-self]')).not.toHaveAttribute('data-speaking', 'true');
  });
}
