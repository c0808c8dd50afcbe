import type { Page } from '@playwright/test';

import { expectAccessible } from '../fixtures/axe.ts';
import { BROWSERS } from '../fixtures/browser.ts';
import { blockUdp } from '../fixtures/instrument.ts';
import { expect, relayedTest, test, turnTest } from '../fixtures/test.ts';

/** The states of all lines of the test, once each has one. */
async function states(page: Page): Promise<Record<string, string>> {
  await expect(page.locator('[data-line]')).toHaveCount(6);
  await expect(page.locator('[data-state="testing"]')).toHaveCount(0, { timeout: 30_000 });
  return Object.fromEntries(
    await page
      .locator('[data-line]')
      .evaluateAll((lines) =>
        (lines as HTMLElement[]).map(({ dataset }) => [dataset.line, dataset.state]),
      ),
  );
}

for (const browser of BROWSERS) {
  test(`${browser}: the connection test says that everything works, and leaves nothing`, async ({
    server,
    person,
  }) => {
    const { page } = await person('Alice', browser, 'red');
    await page.goto(server.url);
    await page.getByRole('link', { name: 'Test my connection' }).click();
    await expect(page.getByRole('status')).toHaveText('Everything works: you can meet.');
    expect(await states(page)).toMatchObject({
      Browser: 'works',
      Server: 'works',
      Udp: 'works',
      Tcp: 'works',
      Relay: 'skipped',
    });
    expect(await page.evaluate(() => window.peerConnections.length)).toBe(0);
    if (browser === 'chromium') await expectAccessible(page, 'the connection test');

    await page.getByRole('button', { name: 'Test again' }).click();
    await expect(page.getByRole('status')).toHaveText('Everything works: you can meet.');
  });

  test(`${browser}: where UDP is blocked the test says so, and so does the page before a meeting`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', browser, 'red');
    const { page } = alice;
    // Firefox names each path that was not found.
    alice.tolerates(/^uncaught: ICE failed/);
    await page.addInitScript(blockUdp);
    await page.goto(`${server.url}/check`);
    await expect(page.getByRole('status')).toHaveText(/^UDP is blocked; TCP works/, {
      timeout: 30_000,
    });
    expect(await states(page)).toMatchObject({ Udp: 'fails', Tcp: 'works', Relay: 'skipped' });

    const { inviteLink } = await server.createRoom('Bob');
    await alice.arrive(inviteLink);
    const verdict = page.locator('.connection-verdict');
    await expect(verdict).toContainText('UDP is blocked; TCP works', { timeout: 30_000 });
    await expect(verdict.getByRole('link', { name: 'Test my connection' })).toBeVisible();
    await alice.join();
  });

  relayedTest(`${browser}: where nothing comes through the test says what to do`, async ({
    relay,
    server,
    person,
  }) => {
    relay.fate = () => 'drop';
    const alice = await person('Alice', browser, 'red');
    // Firefox's own words about it.
    alice.tolerates(/^uncaught: ICE failed/);
    const { page } = alice;
    await page.goto(`${server.url}/check`);
    await expect(page.getByRole('status')).toHaveText(/network blocks its media port/, {
      timeout: 30_000,
    });
    expect(await states(page)).toMatchObject({ Server: 'works', Udp: 'fails', Tcp: 'fails' });
  });

  test(`${browser}: a good connection is no news before a meeting`, async ({ server, person }) => {
    const alice = await person('Alice', browser, 'red');
    const answered = alice.page.waitForResponse('**/api/check');
    const { inviteLink } = await server.createRoom('Bob');
    await alice.arrive(inviteLink);
    expect((await answered).status()).toBe(200);
    await expect
      .poll(async () => await alice.page.evaluate(() => window.peerConnections.length))
      .toBe(0);
    await expect(alice.page.locator('.connection-verdict')).toBeEmpty();
  });
}

for (const browser of BROWSERS) {
  turnTest(`${browser}: a TURN server that relays is said to work, and one that is down to fail`, async ({
    coturn,
    server,
    person,
  }) => {
    const alice = await person('Alice', browser, 'red');
    // Firefox's own words about it.
    alice.tolerates(/^uncaught: ICE failed/);
    const { page } = alice;
    await page.goto(`${server.url}/check`);
    expect(await states(page)).toMatchObject({ Udp: 'works', Relay: 'works' });
    await coturn.close();
    await page.getByRole('button', { name: 'Test again' }).click();
    expect(await states(page)).toMatchObject({ Udp: 'works', Relay: 'fails' });
  });

  turnTest.describe('with another secret than the TURN server has', () => {
    turnTest.use({
      settings: async ({ coturn }, use) => {
        await use({ ...coturn.settings, TURN_SECRET: 'a secret that only one of them knows' });
      },
    });

    turnTest(`${browser}: the relay is said to fail`, async ({ server, person }) => {
      const alice = await person('Alice', browser, 'red');
      alice.tolerates(/^uncaught: ICE failed/);
      const { page } = alice;
      await page.goto(`${server.url}/check`);
      expect(await states(page)).toMatchObject({ Udp: 'works', Tcp: 'works', Relay: 'fails' });
      await expect(page.locator('[data-line="Relay"]')).toHaveText(/Relay \(TURN\).*Fails/);
    });
  });
}

test('what was found can be copied', async ({ server, person }) => {
  const { page, context } = await person('Alice', 'chromium', 'red');
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`${server.url}/check`);
  await states(page);
  await page.getByRole('button', { name: 'Copy report' }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  const report = await page.evaluate(() => navigator.clipboard.readText());
  expect(report).toContain('Sound and picture over UDP: Works\n');
  expect(report).toContain('Chrome/');
});

test.describe('with a server that has no time', () => {
  test.use({ settings: { CHECK_LIMIT: '1' } });

  test('a test that is refused is no fault of the network', async ({ server, person }) => {
    const alice = await person('Alice', 'chromium', 'red');
    alice.tolerates(/429/);
    const { page } = alice;
    await page.goto(`${server.url}/check`);
    await states(page);
    await page.getByRole('button', { name: 'Test again' }).click();
    await expect(page.getByRole('status')).toHaveText(/too busy to be tested/);
    expect(await states(page)).toMatchObject({ Udp: 'skipped', Tcp: 'skipped' });
  });
});
