import adapter from '@sveltejs/adapter-static';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

const folder = process.env.CHORALE_TEST_BUILD === '1' ? 'build-test' : 'build';

/** @type {import('@sveltejs/kit').Config} */
export default {
  preprocess: vitePreprocess(),
  kit: {
    // Every route is rendered in the browser; the coordinator answers unknown pages with the fallback.
    adapter: adapter({ pages: folder, assets: folder, fallback: 'index.html' }),
    files: { src: 'web', assets: 'web/static' },
  },
};
