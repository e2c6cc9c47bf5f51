// The pages without a network: a service worker that keeps the app's own files, and the manifest by which a browser
// installs it. Models are none of its business: no request for one passes through it, and the package keeps their bytes.
import { VitePWA } from 'vite-plugin-pwa';

export function offlinePages() {
  return VitePWA({
    filename: 'sw.js',
    strategies: 'generateSW',
    // The pages register it themselves (demo/offline): inline scripts are refused by the CSP.
    injectRegister: false,
    // A new version waits until somebody says reload: an answer may be on its way.
    registerType: 'prompt',
    manifest: {
      id: '/chat/',
      name: 'Quern',
      short_name: 'Quern',
      description: 'Chat with open-weight language models that run on this device.',
      lang: 'en',
      start_url: '/chat/',
      scope: '/',
      display: 'standalone',
      theme_color: '#faf8f4',
      background_color: '#faf8f4',
      categories: ['productivity', 'utilities'],
      icons: [
        { src: '/icons/192.png', sizes: '192x192', type: 'image/png' },
        { src: '/icons/512.png', sizes: '512x512', type: 'image/png' },
        { src: '/icons/maskable.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
      ],
      shortcuts: [{ name: 'Benchmark', url: '/bench/' }],
    },
    includeManifestIcons: false,
    workbox: {
      globPatterns: ['**/*.{html,js,css,svg,png}'],
      // Transformers.js and its runtime are fetched by those who ask for the comparison.
      globIgnores: ['sw.js', '**/rival-*.js', '**/ort-*'],
      // ?model= and ?seed= are for the page.
      ignoreURLParametersMatching: [/./],
      navigateFallback: '/chat/index.html',
      navigateFallbackAllowlist: [/^\/$/],
      cleanupOutdatedCaches: true,
      inlineWorkboxRuntime: true,
      sourcemap: false,
    },
  });
}
