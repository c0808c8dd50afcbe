import { Lights } from '../fixtures/light.ts';
import { HOSTILE } from '../fixtures/hostile.ts';
import { readLink } from '../fixtures/server.ts';
import { expect, test } from '../fixtures/test.ts';

/** So many are in the room at once. */
const CROWD = 40;

/** Elements that the page itself never has in a meeting. */
const FOREIGN =
  '.room :is(script, style, iframe, object, embed, img, audio, math, marquee, details, link, meta, base, template, source), ' +
  '.room a:not([href^="http://" i], [href^="https://" i], [download]), ' +
  '.room :is([onload], [onerror], [onfocus], [onclick], [ontoggle], [onmouseover])';

test('two hundred hostile names and messages are text, wherever they are shown', async ({
  server,
  person,
}) => {
  const alice = await person('Alice', 'chromium', 'red');
  await alice.page.addInitScript(() => {
    const page = window as unknown as { ran: number; xss: () => void };
    page.ran = 0;
    page.xss = () => page.ran++;
  });
  alice.page.on('dialog', () => {
    throw new Error('a dialog opened');
  });
  const link = await alice.host(server.url);
  const { room, token } = readLink(link);
  await alice.page.getByRole('button', { name: 'Chat', exact: true }).click();
  const helper = await person('Helper', 'chromium', 'blue');
  const crowd = await Lights.open(helper.page, server.url);
  expect(HOSTILE).toHaveLength(200);

  for (let start = 0; start < HOSTILE.length; start += CROWD) {
    const batch = HOSTILE.slice(start, start + CROWD);
    const inside: number[] = [];
    for (const text of batch) {
      const displayName = [...text].slice(0, 64).join('');
      const { who, answer } = await crowd.join({ displayName, roomId: room, token });
      expect(answer.reply, JSON.stringify(answer)).toBe('join');
      inside.push(who);
      expect((await crowd.ask(who, 'sendChat', { text })).reply).toBe('done');
    }
    await crowd.ask(inside[0]!, 'react', { reaction: 'party' });
    await crowd.ask(inside[1]!, 'raiseHand', { raised: true });
    const knocking = await crowd.join({ displayName: batch[2]!.slice(0, 64), roomId: room });
    expect(knocking.answer.reply).toBe('knocking');
    await expect(alice.page.locator('[data-notice="knock"]')).toContainText('wants to come in');
    await expect(alice.page.locator('.floating-reaction')).toHaveCount(1);
    await expect(alice.page.locator('.person')).toHaveCount(batch.length + 1);

    const messages = alice.page.locator('.chat-text');
    await expect(messages).toHaveCount(start + batch.length);
    const shown = (await messages.allTextContents()).slice(start);
    expect(shown).toEqual(batch);
    const names = await alice.page.locator('.person-name > span:first-child').allTextContents();
    for (const text of batch) expect(names).toContain([...text].slice(0, 64).join('').trim());
    expect(await alice.page.locator(FOREIGN).count(), 'elements of others').toBe(0);
    await alice.page.locator('.chat-text').last().hover();

    await crowd.hangUp(knocking.who);
    await expect(alice.page.locator('[data-notice="knock"]')).toHaveCount(0);
    for (const who of inside) await crowd.leave(who);
    await expect(alice.page.locator('.person')).toHaveCount(1);
  }
  expect(await alice.page.evaluate(() => (window as unknown as { ran: number }).ran)).toBe(0);
  // Links are what they say, and nothing else is one.
  const links = await alice.page.locator('.chat-text a').evaluateAll((all) =>
    all.map((it) => [it.getAttribute('href'), it.textContent]),
  );
  expect(links.length).toBeGreaterThan(0);
  for (const [href, words] of links) expect(href).toBe(words);
});
