import { expectAccessible } from '../fixtures/axe.ts';
import { expect, test } from '../fixtures/test.ts';

test('every page before and after a meeting is accessible', async ({ server, person }) => {
  const alice = await person('Alice', 'chromium', 'red');
  const { page } = alice;
  // A browser names each address that nothing is at.
  alice.tolerates(/404/);
  await page.goto(server.url);
  await expect(page.getByRole('button', { name: 'Start a meeting' })).toBeEnabled();
  await expectAccessible(page, 'the landing page');
  await page.goto(`${server.url}/nothing-here`);
  await expectAccessible(page, 'an address that nothing is at');

  const { inviteLink } = await server.createRoom('Carol');
  await alice.arrive(inviteLink);
  await alice.expectDevice('Camera', 'on');
  await expectAccessible(page, 'the door');
  await alice.join();
  await alice.leave();
  await alice.expectOutcome('left', 'Your camera and microphone are off.');
  await expectAccessible(page, 'the page after a meeting');
  await page.goto(server.url);
  await expect(page.getByRole('heading', { name: 'Recent meetings' })).toBeVisible();
  await expectAccessible(page, 'the landing page of someone who was here before');
  await page.goto(`${server.url}/manage`);
  await expect(page.getByText('No meeting is running here.')).toBeVisible();
  await expectAccessible(page, 'the manager’s page');
});

test('a meeting is accessible', async ({ server, person }) => {
  const alice = await person('Alice', 'chromium', 'red');
  const bob = await person('Bob', 'chromium', 'blue');
  await bob.accept(await alice.host(server.url));
  await alice.expectToSee(bob);
  await expectAccessible(alice.page, 'the meeting');
  await alice.page.setViewportSize({ width: 360, height: 740 });
  await expectAccessible(alice.page, 'the meeting on a phone');
});
