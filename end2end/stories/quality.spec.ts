import { readFile } from 'node:fs/promises';

import type { Locator, Page } from '@playwright/test';

import { expectAccessible } from '../fixtures/axe.ts';
import { BROWSERS } from '../fixtures/browser.ts';
import { SMALL } from '../fixtures/camera.ts';
import type { Participant } from '../fixtures/participant.ts';
import { clamp } from '../fixtures/relay.ts';
import { expect, relayedTest, test } from '../fixtures/test.ts';

/** What the saved diagnostics hold. */
interface Diagnostics {
  participant: string;
  fault: string | null;
  paths: ({ protocol: string } | null)[];
  columns: string[];
  streams: { direction: string; source: string; of: string | null; samples: number[][] }[];
}

/** Opens the dialog about the connection. */
async function inspect(person: Participant): Promise<Locator> {
  const { page } = person;
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('button', { name: 'Connection', exact: true }).click();
  return page.getByRole('dialog', { name: 'Connection' });
}

async function save(page: Page, within: Locator): Promise<string> {
  const saving = page.waitForEvent('download');
  await within.getByRole('link', { name: 'Save diagnostics' }).click();
  return await readFile(await (await saving).path(), 'utf8');
}

for (const browser of BROWSERS) {
  test(`${browser}: the connection can be looked into, and what was seen be saved`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', browser, 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', 'chromium', 'blue');
    await bob.accept(link);
    await alice.expectToSee(bob);
    const bobsId = await alice.idOf('Bob');

    const dialog = await inspect(alice);
    const stream = dialog.locator('.stream', { hasText: 'Bob · Camera' });
    await expect(stream).toContainText(/[1-9]\d* kb\/s/);
    await expect(stream).toContainText(/320×180 · [1-9]\d*\/s/);
    await expect(dialog.locator('.stream')).toHaveCount(4);
    await expect
      .poll(async () => (await stream.locator('polyline').getAttribute('points'))?.split(' ').length)
      .toBeGreaterThan(3);
    await expect(dialog.locator('.inspector-path').first()).toContainText(/(UDP|TCP) · \w+ to \w+/);

    if (browser === 'chromium') await expectAccessible(alice.page, 'the sheet about the connection');
    const text = await save(alice.page, dialog);
    const saved = JSON.parse(text) as Diagnostics;
    expect(saved.streams).toHaveLength(4);
    const picture = saved.streams.find((it) => it.direction === 'Recv' && it.source === 'Camera');
    expect(picture?.of).toBe(bobsId);
    const width = saved.columns.indexOf('width');
    expect(picture?.samples.at(-1)?.[width]).toBe(320);
    for (const secret of ['Alice', 'Bob', 'token', 'room-', new URL(server.url).hostname]) {
      expect(text, `${secret} is not told`).not.toContain(secret);
    }

    await dialog.getByRole('button', { name: 'Close' }).click();
    await expect(dialog).toBeHidden();
    await alice.leave();
    const outcome = alice.page.locator('[data-outcome="left"]');
    const later = JSON.parse(await save(alice.page, outcome)) as Diagnostics;
    expect(later.participant).toBe(saved.participant);
  });
}

relayedTest('who loses what they send is told so, sends less, and is known to the others by it', async ({
  relay,
  server,
  person,
}) => {
  const bob = await person('Bob', 'chromium', 'blue');
  const link = await bob.host(server.url);
  const carol = await person('Carol', 'chromium', 'green');
  await carol.accept(link);
  await bob.expectToSee(carol);
  const others = new Set(relay.everyone);
  const alice = await person('Alice', 'chromium', 'red', { picture: { ...SMALL, noise: 0.1 } });
  await alice.accept(link);
  await bob.expectToSee(alice, carol);

  let count = 0;
  relay.fate = (_, way, client) =>
    way === 'up' && !others.has(client) && count++ % 6 === 0 ? 'drop' : 'pass';
  const mine = alice.page.locator('[data-self] [data-quality]');
  await expect(mine).toHaveAttribute('data-quality', 'poor', { timeout: 30_000 });
  await expect(bob.tile('Alice').locator('[data-quality]')).not.toHaveAttribute(
    'data-quality',
    'good',
  );
  const dialog = await inspect(alice);
  await expect(dialog.getByRole('status')).toHaveText(/^Your uplink loses \d+ % of packets/);
  await dialog.getByRole('button', { name: 'Close' }).click();
  const elsewhere = await inspect(bob);
  await expect(elsewhere.getByRole('status')).toHaveText(/^The link of Alice loses \d+ % of packets/);
  await elsewhere.getByRole('button', { name: 'Close' }).click();

  const notice = alice.page.locator('[data-notice="net_weak"]');
  await expect(notice).toContainText('your camera is sent small', { timeout: 30_000 });
  await notice.getByRole('button', { name: 'Turn camera off' }).click();
  await expect(bob.tile('Alice')).toHaveAttribute('data-video', 'off');
  await expect(notice).toBeHidden();

  relay.fate = () => 'pass';
  await expect(mine).toHaveAttribute('data-quality', 'good', { timeout: 30_000 });
});

relayedTest('who receives too much is told so, and may receive the largest picture only', async ({
  relay,
  server,
  person,
}) => {
  const noisy = { picture: { ...SMALL, noise: 0.3 } };
  const alice = await person('Alice', 'chromium', 'red', noisy);
  const link = await alice.host(server.url);
  const carol = await person('Carol', 'chromium', 'green', noisy);
  await carol.accept(link);
  // Both ways of both are under way now.
  await alice.expectToSee(carol);
  await carol.expectToSee(alice);
  const others = new Set(relay.everyone);
  const bob = await person('Bob', 'chromium', 'blue', { camera: false });
  await bob.accept(link);
  await bob.expectToSee(alice, carol);

  relay.fate = clamp(90_000, (client) => !others.has(client));
  const notice = bob.page.locator('[data-notice="net_weak"]');
  await expect(notice).toContainText('smaller pictures, or fewer', { timeout: 40_000 });
  await notice.getByRole('button', { name: 'Receive less' }).click();
  relay.fate = () => 'pass';
  const thrifty = bob.page.locator('[data-notice="receive_less"]');
  await expect(thrifty).toContainText('the largest picture only', { timeout: 60_000 });
  const shown = bob.page.locator('[data-participant]:not([data-self]) video:visible');
  await expect(shown).toHaveCount(1);
  // Nobody receives the other, so it is not even sent.
  await thrifty.getByRole('button', { name: 'Receive all' }).click();
  await bob.expectToSee(alice, carol);
});

test('a busy computer is asked for less', async ({ server, person }) => {
  const alice = await person('Alice', 'chromium', 'red', { picture: { ...SMALL, noise: 0.3 } });
  await alice.page.addInitScript(pretendToBeBusy);
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'chromium', 'blue');
  await bob.accept(link);
  await bob.expectToSee(alice);
  const notice = alice.page.locator('[data-notice="cpu_weak"]');
  await expect(notice).toContainText('Your computer is busy', { timeout: 30_000 });
  const most = await alice.page.evaluate(() =>
    window.peerConnections.flatMap((peer) =>
      peer.getSenders().flatMap((it) => it.getParameters().encodings.map((e) => e.maxBitrate ?? 0)),
    ),
  );
  expect(Math.max(...most), 'less is sent').toBeLessThan(400_000);
  await notice.getByRole('button', { name: 'Turn camera off' }).click();
  await expect(bob.tile('Alice')).toHaveAttribute('data-video', 'off');
});

/** As on a computer that cannot encode as fast as it should. */
function pretendToBeBusy(): void {
  const busy = { qualityLimitationReason: 'cpu' };
  const native = RTCPeerConnection.prototype.getStats;
  RTCPeerConnection.prototype.getStats = async function (this: RTCPeerConnection, ...parameters) {
    const report = (await native.apply(this, parameters)) as ReadonlyMap<string, object>;
    const entries = [...report].map(
      ([id, entry]) =>
        [id, 'qualityLimitationReason' in entry ? { ...entry, ...busy } : entry] as const,
    );
    return new Map(entries) as unknown as RTCStatsReport;
  };
}
