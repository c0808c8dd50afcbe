import { BROWSERS } from '../fixtures/browser.ts';
import { expect, test } from '../fixtures/test.ts';

for (const browser of BROWSERS) {
  test(`${browser}: someone without a camera is told so, is heard, and sees the others`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', browser, 'blue', { camera: false });
    await bob.arrive(link);
    const problem = bob.page.locator('[data-problem="dev_none"]');
    await expect(problem).toContainText('Camera: No such device was found');
    await bob.join();
    await bob.expectToSee(alice);
    await alice.expectToHear(1);
    await expect(alice.tile('Bob')).toHaveAttribute('data-video', 'off');
    await expect(alice.tile('Bob')).toHaveAttribute('data-audio', 'on');
  });

  test(`${browser}: someone without camera and microphone comes in to watch`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', 'chromium', 'red');
    const link = await alice.host(server.url);
    const bob = await person('Bob', browser, 'blue', { camera: false, microphone: false });
    await bob.arrive(link);
    const problem = bob.page.locator('[data-problem="dev_none"]');
    await expect(problem).toContainText('Camera and microphone: No such device was found');
    await bob.join();
    await bob.expectToSee(alice);
    await bob.expectToHear(1);
    await expect(alice.tile('Bob')).toHaveAttribute('data-video', 'off');
    await expect(alice.tile('Bob')).toHaveAttribute('data-audio', 'off');
  });

  test(`${browser}: someone whose browser refuses the devices is told how to allow them`, async ({
    server,
    person,
  }) => {
    const { inviteLink } = await server.createRoom('Alice');
    const bob = await person('Bob', browser, 'blue', { denied: true });
    await bob.arrive(inviteLink);
    const problem = bob.page.locator('[data-problem="dev_denied"]');
    const where = { chromium: 'the icon left of the address', firefox: 'remove “Blocked”' };
    await expect(problem).toContainText(where[browser]);
    await expect(problem.getByRole('button', { name: 'Try again' })).toBeVisible();
    await bob.join();
  });
}
