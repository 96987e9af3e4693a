// The lint rules of the browser stories: those of the SDK for JavaScript.

import { javascript } from "../sdk/typescript/eslint.config.js";

export default [{ ignores: ["node_modules/", "test-results/"] }, ...javascript];
