import { chromium } from '@playwright/test';

import { expect, test } from '../fixtures/test.ts';

const GREETINGS = [
  { locale: 'de-AT', lang: 'de', start: 'Besprechung beginnen', leave: 'Verlassen' },
  { locale: 'es-MX', lang: 'es', start: 'Iniciar una reunión', leave: 'Salir' },
  { locale: 'fi-FI', lang: 'en', start: 'Start a meeting', leave: 'Leave' },
];

for (const { locale, lang, start, leave } of GREETINGS) {
  test(`a browser that asks for ${locale} gets ${lang}, from the first page into the meeting`, async ({
    server,
  }) => {
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
    });
    const page = await browser.newPage({ locale });
    await page.goto(server.url);
    await expect(page.locator('html')).toHaveAttribute('lang', lang);
    await page.locator('#name').fill('Ada');
    await page.getByRole('button', { name: start }).click();
    await page.locator('.enter-form button[type="submit"]').first().click();
    await expect(page.getByRole('button', { name: leave, exact: true })).toBeVisible({
      timeout: 30_000,
    });
    await expect(page.locator('html')).toHaveAttribute('lang', lang);
    await browser.close();
  });
}
