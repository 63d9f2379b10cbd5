/**
 * Builds every labeler of src/ into ../src/nblabel/static: one ES module and one style sheet each.
 *
 * Fails if a bundle is larger than its budget, or if a rule of a style sheet could reach outside `.nblabel`.
 * `--watch` builds again on every change, `--dev` leaves names readable.
 */
import { build, context, transform } from "esbuild";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { minify } from "terser";

const HERE = dirname(fileURLToPath(import.meta.url));
const SOURCE = join(HERE, "src");
const TARGET = join(HERE, "..", "src", "nblabel", "static");
const BUDGET = 60 * 1024;
// what all labelers share takes 41 KiB of it, 2 of them for models that learn; an image needs fourteen tools, a canvas
// and regions besides, a recording a player that keeps the pitch, spectrograms and tiers
const BUDGETS = { text: 62 * 1024, audio: 80 * 1024, image: 82 * 1024, points: 200 * 1024 };
const dev = process.argv.includes("--dev");
const watching = process.argv.includes("--watch");

async function labelers() {
  const folders = await readdir(SOURCE, { withFileTypes: true });
  return folders
    .filter((one) => one.isDirectory() && !["core", "shell", "timeline"].includes(one.name))
    .map(({ name }) => ({ name, entry: ["index.ts", "index.tsx"].map((file) => join(SOURCE, name, file)).find(existsSync) }))
    .filter(({ entry }) => entry !== undefined);
}

/** Selectors of a style sheet that do not stand under `.nblabel`; at-rules are looked into. */
export function strays(css) {
  const found = [];
  const text = css.replace(/\/\*[\s\S]*?\*\//g, "").replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""');
  const look = (from, to, nested) => {
    let at = from;
    while (at < to) {
      const open = text.indexOf("{", at);
      if (open === -1 || open >= to) break;
      let depth = 1;
      let close = open + 1;
      for (; close < to && depth > 0; close++) depth += text[close] === "{" ? 1 : text[close] === "}" ? -1 : 0;
      const prelude = text.slice(at, open).split(";").pop().trim();
      if (/^@(?:media|supports|container|layer|starting-style|scope)\b/.test(prelude)) look(open + 1, close - 1, nested);
      else if (/^@(?:-webkit-)?keyframes\b/.test(prelude)) {
        if (!/keyframes\s+nblabel-/.test(prelude)) found.push(prelude);
      } else if (prelude.startsWith("@")) found.push(prelude);
      else if (!nested) {
        for (const selector of split(prelude)) if (!/^\.nblabel(?![\w-])(?![^\s>+~]*\s*[+~])/.test(selector.trim())) found.push(selector.trim());
      }
      at = close;
    }
  };
  look(0, text.length, false);
  return found;
}

/** Splits a selector list at its outer commas. */
function split(list) {
  const parts = [""];
  let depth = 0;
  for (const letter of list) {
    depth += "([".includes(letter) ? 1 : ")]".includes(letter) ? -1 : 0;
    if (letter === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  return parts;
}

async function styles(name) {
  const sheets = [];
  for (const folder of ["shell", name]) {
    const files = existsSync(join(SOURCE, folder)) ? (await readdir(join(SOURCE, folder))).sort() : [];
    for (const file of files.filter((one) => one.endsWith(".css"))) {
      const css = await readFile(join(SOURCE, folder, file), "utf8");
      const outside = strays(css);
      if (outside.length > 0) throw new Error(`${folder}/${file}: not under .nblabel: ${outside.join(", ")}`);
      if (/@import|url\(\s*["']?(?!data:|#)/i.test(css)) throw new Error(`${folder}/${file}: loads something from elsewhere`);
      sheets.push(css);
    }
  }
  const { code } = await transform(sheets.join("\n"), { loader: "css", minify: !dev });
  return code;
}

function options(entry, file) {
  return {
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: ["es2022"],
    minify: !dev,
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    charset: "utf8",
    logLevel: "warning",
    // some hosts have an AMD loader on the page, which libraries must not mistake for theirs
    define: { "process.env.NODE_ENV": '"production"', define: "undefined" },
  };
}

/** A second pass: every widget of a notebook carries its bundle, so its size matters more than the build's time. */
async function squeeze(file) {
  const { code } = await minify(await readFile(file, "utf8"), {
    module: true, ecma: 2020, compress: { passes: 3 }, format: { comments: false },
  });
  await writeFile(file, code);
}

async function finish(found) {
  const manifest = {};
  for (const { name } of found) {
    const css = await styles(name);
    await writeFile(join(TARGET, `${name}.css`), css);
    if (!dev) await squeeze(join(TARGET, `${name}.js`));
    const js = await readFile(join(TARGET, `${name}.js`));
    const gzip = gzipSync(js, { level: 9 }).length;
    const budget = BUDGETS[name] ?? BUDGET;
    manifest[name] = { js: js.length, js_gzip: gzip, css: css.length, css_gzip: gzipSync(css, { level: 9 }).length, budget };
    console.log(`${name}: ${(gzip / 1024).toFixed(1)} KiB of JavaScript gzipped (of ${budget / 1024}), `
      + `${(manifest[name].css_gzip / 1024).toFixed(1)} KiB of CSS`);
    if (gzip > budget && !dev) throw new Error(`${name}.js is larger than its budget`);
  }
  await writeFile(join(TARGET, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

async function main() {
  const found = await labelers();
  if (found.length === 0) throw new Error("src/ has no labeler (a folder with index.ts)");
  if (!watching) await rm(TARGET, { recursive: true, force: true });
  await mkdir(TARGET, { recursive: true });
  if (!watching) {
    await Promise.all(found.map(({ name, entry }) => build(options(entry, join(TARGET, `${name}.js`)))));
    await finish(found);
    return;
  }
  const after = {
    name: "finish",
    setup(run) {
      run.onEnd(async (result) => {
        if (result.errors.length === 0) await finish(found).catch((error) => console.error(error.message));
      });
    },
  };
  for (const { name, entry } of found) {
    const sheets = { name: "sheets", setup: (run) => run.onLoad({ filter: /index\.tsx?$/ }, async (args) => ({
      contents: await readFile(args.path, "utf8"),
      loader: args.path.endsWith("x") ? "tsx" : "ts",
      watchDirs: [join(SOURCE, "shell"), join(SOURCE, name)], // style sheets are not imported by any module
    })) };
    const running = await context({ ...options(entry, join(TARGET, `${name}.js`)), plugins: [sheets, after] });
    await running.watch();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
