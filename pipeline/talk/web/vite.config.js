import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The sources' digest goes into the page, so that a test can tell a page that was not rebuilt. */
function sourceDigest() {
  const digest = createHash("sha256");
  for (const name of readdirSync(here("src")).sort()) {
    if (!name.endsWith(".test.js")) digest.update(readFileSync(here(`src/${name}`)));
  }
  return digest.digest("hex");
}

export default defineConfig({
  root: here("src"),
  base: "./",
  resolve: {
    alias: {
      // Only the transport's default device manager needs Daily's SDK, which fetches code from
      // Daily at run time. The page brings its own microphone, and loads nothing from elsewhere.
      "@daily-co/daily-js": here("src/no-daily.js"),
    },
  },
  plugins: [
    {
      name: "source-digest",
      transformIndexHtml: () => [
        { tag: "meta", attrs: { name: "source", content: sourceDigest() }, injectTo: "head" },
      ],
    },
  ],
  build: {
    outDir: here("../page"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    license: { fileName: "licenses.md" },
    rolldownOptions: {
      output: {
        entryFileNames: "talk.js",
        assetFileNames: "talk[extname]",
        codeSplitting: false,
      },
    },
  },
});
