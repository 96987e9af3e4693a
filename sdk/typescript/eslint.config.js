// The lint rules of the SDK, its tests and its examples: typescript-eslint's strict, type-checked set.

import eslint from "@eslint/js";
import globals from "globals";
import tseslint from "typescript-eslint";

/** Rules for plain JavaScript that runs in Node, with functions that run in a page. */
export const javascript = [
  eslint.configs.recommended,
  { languageOptions: { globals: { ...globals.node, ...globals.browser } }, rules: { eqeqeq: "error" } },
];

export default tseslint.config(
  { ignores: ["dist/", "build/", "node_modules/", "src/client/schema.ts", "test/readme-*", "test/types-*"] },
  {
    files: ["src/**/*.ts", "test/**/*.ts"],
    extends: [eslint.configs.recommended, tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Numbers in messages are meant.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // Control characters are what these expressions look for.
      "no-control-regex": "off",
      // A field is declared once, as #private where it is private.
      "@typescript-eslint/parameter-properties": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      // `() => list.push(x)` as a callback.
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      eqeqeq: "error",
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      // Answers of JSON.parse; a field that is not there fails the assertion.
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unnecessary-condition": "off",
      // Functions that return a promise stand for asynchronous ones; getters are called for their effect.
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-misused-promises": "off",
      "@typescript-eslint/no-meaningless-void-operator": "off",
      "@typescript-eslint/restrict-plus-operands": ["error", { allowAny: true }],
      "@typescript-eslint/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
      // The runner waits for the promise of `test`.
      "@typescript-eslint/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: [{ from: "package", name: "test", package: "node:test" }] },
      ],
    },
  },
  { files: ["examples/**/*.mjs", "*.js"], extends: [javascript] },
);
