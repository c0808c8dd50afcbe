import { twoOfEach } from '../fixtures/browser.ts';
import { expect, test } from '../fixtures/test.ts';

const file = (name: string) => new URL(`../../docs/${name}.png`, import.meta.url).pathname;

test('the pictures in the README', async ({ server, person }) => {
  test.skip(!process.env.UPDATE_SCREENSHOTS, 'only with UPDATE_SCREENSHOTS=1');
  const portrait = { portrait: true };
  const alice = await person('Alice', 'chromium', 'blue', portrait);
  await alice.page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await alice.page.goto(server.url);
  await expect(alice.page.getByRole('button', { name: 'Start a meeting' })).toBeEnabled();
  await alice.page.screenshot({ path: file('landing') });
  const link = await alice.host(server.url);
  for (const [name, colour] of [['Bob', 'green'], ['Carol', 'red']] as const) {
    const machine = twoOfEach(colour, 'blue');
    const guest = await person(name, 'chromium', colour, { ...portrait, machine });
    await guest.page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    await guest.arrive(link);
    await guest.expectDevice('Camera', 'on');
    if (name === 'Bob') await guest.page.screenshot({ path: file('door') });
    await guest.join();
    await expect.poll(async () => await alice.framesOf(name)).toBeGreaterThan(30);
  }
  await alice.page.mouse.move(0, 0);
  await alice.page.screenshot({ path: file('screenshot') });
});
