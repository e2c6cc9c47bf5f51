import type { BrowserContext, Page } from 'playwright';
export function launchBrowser(request: {
  browser: string;
  profile?: string;
  url: string;
  options?: {
    viewport?: { width: number; height: number };
    colorScheme?: 'light' | 'dark';
    serviceWorkers?: 'allow' | 'block';
  };
}): Promise<{ context: BrowserContext; page: Page; software: boolean }>;
