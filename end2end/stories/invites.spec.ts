import { BROWSERS } from '../fixtures/browser.ts';
import type { Participant } from '../fixtures/participant.ts';
import { expect, test } from '../fixtures/test.ts';

for (const browser of BROWSERS) {
  test(`${browser}: a host makes an invite, sees it used, and withdraws it with those it let in`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', browser, 'red');
    await alice.host(server.url);
    const copied = await catchCopies(alice);
    const panel = alice.page.getByRole('tabpanel', { name: 'Invite' });
    const lines = panel.getByRole('listitem');
    await expect(lines.filter({ hasText: 'The meeting’s link' })).toContainText('Guest · 0 came');

    await panel.getByRole('button', { name: 'New invite' }).click();
    await panel.getByLabel('Name, for you').fill('Customers');
    await panel.getByLabel('Works for').selectOption('1 hour');
    await panel.getByLabel('Lets in', { exact: true }).selectOption('1 person');
    await panel.getByRole('button', { name: 'Make invite' }).click();
    const line = lines.filter({ hasText: 'Customers' });
    await expect(line.getByRole('button', { name: 'Copy link: Customers' })).toBeFocused();
    await expect(panel.getByLabel('Name, for you')).toHaveCount(0);
    await line.getByRole('button', { name: 'Show QR code: Customers' }).click();
    await expect(line.getByRole('img', { name: 'QR code: Customers' })).toBeVisible();
    await expect(line).toContainText(/Guest · 0 of 1 came · (60|59) min left/);
    await line.getByRole('button', { name: 'Copy link: Customers' }).click();
    await expect(line.getByText('Copied')).toBeVisible();
    const link = await copied();

    const bob = await person('Bob', 'chromium', 'blue');
    await bob.accept(link);
    await alice.expectToSee(bob);
    await expect(line).toContainText('1 of 1 came');
    // Of one that lets in nobody any more there is nothing to copy, which had the focus.
    await expect(line.getByRole('button', { name: 'Copy link: Customers' })).toHaveCount(0);
    await expect(line.getByRole('img', { name: 'QR code: Customers' })).toHaveCount(0);
    await expect(panel.getByRole('button', { name: 'New invite' })).toBeFocused();
    const carol = await person('Carol', 'chromium', 'green');
    // The browser names the refusal to tell who is inside.
    carol.tolerates(/401/);
    await carol.arrive(link);
    await carol.knock();
    await carol.expectOutcome('invite_used_up', /as often as it may/);

    await line.getByRole('button', { name: 'Revoke Customers' }).click();
    const dialog = alice.page.getByRole('dialog', { name: 'Revoke “Customers”?' });
    await dialog.getByLabel('Also remove those who came by it').check();
    await dialog.getByRole('button', { name: 'Revoke' }).click();
    await bob.expectOutcome('kicked', 'The host removed you.');
    await expect(alice.tile('Bob')).toHaveCount(0);
    await expect(line).toHaveCount(0);
    await expect(panel.getByRole('button', { name: 'New invite' })).toBeFocused();
    await carol.arrive(link);
    await carol.knock();
    await carol.expectOutcome('invite_revoked', 'The host withdrew this invite.');
  });

  test(`${browser}: an invite for co-hosts makes one; the link is there to copy and as a code`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'red');
    const own = await alice.host(server.url);
    const copied = await catchCopies(alice);
    const panel = alice.page.getByRole('tabpanel', { name: 'Invite' });
    await panel.getByRole('button', { name: 'Copy link', exact: true }).click();
    expect(await copied()).toBe(own);
    await panel.getByRole('button', { name: 'Show QR code', exact: true }).click();
    await expect(panel.getByRole('img', { name: 'QR code to join the meeting' })).toBeVisible();

    await panel.getByRole('button', { name: 'New invite' }).click();
    await panel.getByLabel('Lets in as').selectOption('Co-host');
    await panel.getByRole('button', { name: 'Make invite' }).click();
    const line = panel.getByRole('listitem').filter({ hasText: 'Co-host' });
    await line.getByRole('button', { name: /^Copy/ }).click();
    await expect(line.getByText('Copied')).toBeVisible();

    const bob = await person('Bob', browser, 'blue');
    await bob.accept(await copied());
    await expect(alice.page.getByRole('tab', { name: 'People 2' })).toBeVisible();
    await alice.page.getByRole('tab', { name: 'People 2' }).click();
    await expect(alice.page.locator('.person').filter({ hasText: 'Bob' })).toContainText('Co-host');
    // A co-host sees the invites of guests, and makes no other.
    await bob.page.getByRole('tab', { name: 'Invite' }).click();
    await bob.page.getByRole('button', { name: 'New invite' }).click();
    await expect(bob.page.getByLabel('Lets in as').locator('option')).toHaveText(['Guest']);
  });
}

/** What the page puts on the clipboard, which tests cannot read in every browser. */
async function catchCopies(someone: Participant): Promise<() => Promise<string>> {
  await someone.page.evaluate(() => {
    navigator.clipboard.writeText = async (text) => {
      (window as unknown as { copied: string }).copied = text;
    };
  });
  return async () =>
    await someone.page.evaluate(() => (window as unknown as { copied: string }).copied);
}
