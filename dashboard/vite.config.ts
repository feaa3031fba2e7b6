import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The page is served below `/admin`; every asset is a file of its own, because nothing inline may run there. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/admin/',
  plugins: [react()],
  build: {
    // Browsers of the last two years; operators keep theirs current.
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
