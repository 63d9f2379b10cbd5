import js from "@eslint/js";
import tseslint from "typescript-eslint";

const MODALITIES = ["text", "image", "audio", "video", "points", "chat", "review", "timeline"];
const LIFETIME = "Belongs to a Scope (src/core/scope.ts), so that it ends with its view.";

const lifetimes = [
  ["addEventListener", "removeEventListener"].map((name) => ({
    selector: `CallExpression[callee.property.name='${name}']`, message: LIFETIME,
  })),
  ["setTimeout", "setInterval", "requestAnimationFrame", "requestIdleCallback"].flatMap((name) => [
    { selector: `CallExpression[callee.name='${name}']`, message: LIFETIME },
    { selector: `CallExpression[callee.property.name='${name}']`, message: LIFETIME },
  ]),
  ["MutationObserver", "ResizeObserver", "IntersectionObserver", "Worker"].map((name) => ({
    selector: `NewExpression[callee.name='${name}']`, message: LIFETIME,
  })),
].flat();

const hostile = [
  ["innerHTML", "outerHTML", "srcdoc"].flatMap((name) => [
    { selector: `MemberExpression[property.name='${name}']`, message: "Items are hostile text: use textContent." },
    { selector: `JSXAttribute[name.name='${name}']`, message: "Items are hostile text: render it as text." },
  ]),
  ["insertAdjacentHTML", "createContextualFragment", "parseFromString", "setHTMLUnsafe"].map((name) => ({
    selector: `CallExpression[callee.property.name='${name}']`,
    message: "Items are hostile text: nothing goes through the HTML parser.",
  })),
  {
    selector: "CallExpression[callee.object.name='document'][callee.property.name=/^write/]",
    message: "Items are hostile text: nothing goes through the HTML parser.",
  },
  { selector: "Property[key.name='dangerouslySetInnerHTML']", message: "Items are hostile text." },
  { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "Items are hostile text." },
].flat();

export default tseslint.config(
  { ignores: ["node_modules/", "dist/"] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    files: ["**/*.{ts,tsx}"],
    rules: {
      "no-console": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/no-dynamic-delete": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    },
  },
  {
    files: ["src/**/*.{ts,tsx}"],
    ignores: ["src/core/scope.ts"],
    rules: { "no-restricted-syntax": ["error", ...lifetimes, ...hostile] },
  },
  {
    files: ["src/core/scope.ts"],
    rules: { "no-restricted-syntax": ["error", ...hostile] },
  },
  {
    // what every labeler shares knows none of them
    files: ["src/core/**", "src/shell/**"],
    rules: {
      "no-restricted-imports": ["error", {
        patterns: [{ group: MODALITIES.map((name) => `**/${name}/**`), message: "core and shell know no modality." }],
      }],
    },
  },
  {
    files: ["src/core/**"],
    rules: {
      "no-restricted-imports": ["error", {
        patterns: [{
          group: [...MODALITIES, "shell"].map((name) => `**/${name}/**`), message: "core knows neither shell nor modality.",
        }],
      }],
    },
  },
  {
    files: ["*.{js,mjs}"],
    languageOptions: { globals: { console: "readonly", process: "readonly", URL: "readonly" } },
  },
);
