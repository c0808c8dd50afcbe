import { BROWSERS, twoOfEach } from '../fixtures/browser.ts';
import { expect, test } from '../fixtures/test.ts';

for (const browser of BROWSERS) {
  test(`${browser}: whoever is muted is heard while they hold the space bar`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', browser, 'blue', { machine: twoOfEach('blue', 'green') });
    await bob.accept(link);
    await alice.expectToHear(1);
    // The mouse leaves the focus on the switch, which the key shall not press.
    await bob.switch('Microphone').click();
    await alice.expectSilence();

    const held = bob.page.getByText('You are heard until you let go');
    await bob.page.keyboard.down('Space');
    await expect(held).toBeVisible();
    await expect(alice.tile('Bob')).toHaveAttribute('data-audio', 'on');
    await alice.expectToHear(1);
    await bob.page.keyboard.up('Space');
    await expect(held).toBeHidden();
    await bob.expectDevice('Microphone', 'off');
    await expect(alice.tile('Bob')).toHaveAttribute('data-audio', 'off');
    await alice.expectSilence();

    // Whoever looks elsewhere has let go.
    await bob.page.keyboard.down('Space');
    await expect(held).toBeVisible();
    await bob.page.evaluate(() => window.dispatchEvent(new Event('blur')));
    await expect(held).toBeHidden();
    await bob.page.keyboard.up('Space');
    await alice.expectSilence();
  });

  test(`${browser}: a space that is typed or presses a button makes nobody heard`, async ({
    server,
    person,
  }) => {
    const { inviteLink } = await server.createRoom('Alice');
    const bob = await person('Bob', browser, 'blue');
    await bob.accept(inviteLink);
    await bob.switch('Microphone').focus();
    await bob.page.keyboard.press('Enter');
    await bob.expectDevice('Microphone', 'off');
    await bob.page.keyboard.press('Tab');
    await expect(bob.switch('Camera')).toBeFocused();
    await bob.page.keyboard.press('Space');
    await bob.expectDevice('Camera', 'off');
    await bob.expectDevice('Microphone', 'off');
  });
}

// Firefox listens to nothing where there is no sound card, as on the machines that run stories.
test('whoever speaks while muted is told, and unmutes by one press', async ({ server, person }) => {
  const alice = await person('Alice', 'chromium', 'red');
  const link = await alice.host(server.url);
  const bob = await person('Bob', 'chromium', 'blue', { machine: twoOfEach('blue', 'green') });
  await bob.accept(link);
  await expect(bob.notice('speaks_muted')).toHaveCount(0);
  await bob.switch('Microphone').click();
  await expect(bob.notice('speaks_muted')).toContainText('You are muted');
  await alice.expectSilence();
  await bob.notice('speaks_muted').getByRole('button', { name: 'Unmute' }).click();
  await bob.expectDevice('Microphone', 'on');
  await expect(bob.notice('speaks_muted')).toHaveCount(0);
  await alice.expectToHear(1);
});

test('a microphone that gives nothing is said, and another is one choice away', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red');
  const link = await alice.host(server.url);
  const machine = twoOfEach('blue', 'green');
  machine.microphones[0]!.gives = 'nothing';
  const bob = await person('Bob', 'chromium', 'blue', { machine });
  await bob.accept(link);
  const silent = bob.notice('mic_silent');
  await expect(silent).toContainText('gives no sound at all', { timeout: 20_000 });
  await silent.getByRole('button', { name: 'Settings' }).click();
  await bob.pick('Microphone', 'Headset');
  await expect(silent).toHaveCount(0);
  await bob.page.keyboard.press('Escape');
  await expect(bob.page.getByRole('dialog')).toBeHidden();
  await alice.expectToHear(1);
});
