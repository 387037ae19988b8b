// Writes autograd_cnn/studio/built (the script, and its libraries' licences) from autograd_cnn/studio/page: npm ci && npm run build (in this folder).
// With --check it writes nothing and fails where what is checked in is not what would be written.
import { build } from "esbuild";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url)), studio = join(here, "../../autograd_cnn/studio"), page = join(studio, "page"), built = join(studio, "built");
const made = await build({
  entryPoints: [join(page, "main.js")],
  bundle: true, minify: true, format: "iife", target: "es2022", write: false, legalComments: "none",
  nodePaths: [join(here, "node_modules")],
});
const read = (...path) => readFileSync(join(...path), "utf8");
const files = {
  "studio.js": made.outputFiles[0].text,
  "licences.txt": ["three"].map((name) => `${name} ${JSON.parse(read(here, "node_modules", name, "package.json")).version}\n\n${read(here, "node_modules", name, "LICENSE")}`).join("\n\n"),
};
const stale = Object.entries(files).filter(([name, text]) => !existsSync(join(built, name)) || read(built, name) !== text).map(([name]) => name);
if (process.argv.includes("--check")) {
  if (stale.length) { console.error(`not as built from the page: ${stale.join(", ")}. Run npm run build.`); process.exit(1); }
} else {
  mkdirSync(built, { recursive: true });
  for (const name of stale) writeFileSync(join(built, name), files[name]);
}
for (const [name, text] of Object.entries(files)) console.log(`${name}  ${(Buffer.byteLength(text) / 1000).toFixed(0)} kB`);
