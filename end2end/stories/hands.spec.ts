import { BROWSERS } from '../fixtures/browser.ts';
import type { Participant } from '../fixtures/participant.ts';
import { expect, test } from '../fixtures/test.ts';

for (const browser of BROWSERS) {
  test(`${browser}: raised hands are a queue that everyone sees, and a host lowers them`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', browser, 'blue');
    await bob.accept(link);
    const carol = await person('Carol', 'chromium', 'green');
    await carol.accept(link);

    await hand(carol).click();
    await expect(hand(carol)).toHaveAttribute('aria-pressed', 'true');
    await hand(bob).click();
    await expect(hand(bob)).toHaveAttribute('aria-pressed', 'true');
    await expect(alice.tile('Carol').locator('.tile-hand')).toHaveText('1');
    await expect(alice.tile('Bob').locator('.tile-hand')).toHaveText('2');
    await expect(alice.page.getByRole('status').filter({ hasText: 'Bob raised a hand' })).toBeAttached();
    await alice.page.getByRole('tab', { name: /^People/ }).click();
    await expect(names(alice)).toHaveText(['Alice', 'Carol', 'Bob']);
    await expect(names(bob)).toHaveText(['Bob', 'Carol', 'Alice']);
    // A guest may lower nobody's.
    await expect(bob.page.getByRole('button', { name: 'Actions for Carol' })).toHaveCount(0);

    await alice.page.getByRole('button', { name: 'Actions for Carol' }).click();
    await alice.page.getByRole('button', { name: 'Lower hand' }).click();
    await expect(hand(carol)).toHaveAttribute('aria-pressed', 'false');
    await expect(alice.tile('Bob').locator('.tile-hand')).toHaveText('1');
    await expect(bob.tile('Carol').locator('.tile-hand')).toHaveCount(0);
    await hand(bob).click();
    await expect(alice.tile('Bob').locator('.tile-hand')).toHaveCount(0);
  });
}

function hand(someone: Participant) {
  return someone.page.getByRole('button', { name: 'Raise hand' });
}

function names(someone: Participant) {
  return someone.page.locator('.person-name > span:first-child');
}
