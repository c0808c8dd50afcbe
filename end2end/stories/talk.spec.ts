import type { BrowserName } from '../fixtures/browser.ts';
import { expect, test } from '../fixtures/test.ts';

const PAIRS: [BrowserName, BrowserName][] = [
  ['chromium', 'chromium'],
  ['firefox', 'firefox'],
  ['chromium', 'firefox'],
];

for (const [one, other] of PAIRS) {
  test(`a host in ${one} and a guest in ${other} see and hear each other`, async ({
    server,
    person,
  }) => {
    const alice = await person('Alice', one, 'red');
    const link = await alice.host(server.url);
    expect(link).toContain('/join?room=room-');
    const bob = await person('Bob', other, 'blue');
    await bob.accept(link);
    await alice.expectToSee(bob);
    await bob.expectToSee(alice);
    await alice.expectToHear(1);
    await bob.expectToHear(1);
  });
}
