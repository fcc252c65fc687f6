/**
 * Owns the SDK's bundle: one ES module with everything in it, for pages without a bundler of their own.
 * Does not own its types (emitTypes.mjs) nor how the app is built (client/web takes the sources).
 */
import { defineConfig } from 'vite';

export default defineConfig({
  build: {
    lib: { entry: 'src/index.ts', formats: ['es'], fileName: 'index' },
    minify: 'oxc',
    sourcemap: true,
    target: 'es2022',
  },
});
