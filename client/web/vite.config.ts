/**
 * Owns how the app is built and served while developing. Workspace packages are taken from their TypeScript sources.
 * Does not own the product's headers and pages: the server's http folder does.
 */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { precompress } from './precompress.ts';

/** Where a server runs while developing; `npm start` listens there. */
const server = process.env.PARLEY_DEV_SERVER ?? 'http://localhost:3000';

export default defineConfig({
  plugins: [react(), precompress()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // A font or picture as data: in the style sheet would be loaded by everybody, needed or not.
    assetsInlineLimit: 0,
    // Names the files of each entry with their imports: the size test adds up what a first visit loads.
    manifest: true,
  },
  server: {
    proxy: {
      '/ws': { target: server, ws: true },
      '/api': { target: server },
    },
  },
});
