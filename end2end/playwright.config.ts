import { defineConfig } from '@playwright/test';

// Each story starts its own server on free ports and its own browsers, so nothing is shared and
// order does not matter. One at a time: two cores hold three or four participants.
export default defineConfig({
  testDir: 'stories',
  outputDir: 'test-results',
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: true,
  // Ample: a story that hangs fails by the bound of the step it hangs in.
  timeout: 180_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
});
