// Generates src/client/schema.ts, the types of requests and answers, from sdk/contract/openapi.json.
//
//   npm run types      rewrites the file
//
// The test of the contract compares the file with what this would write.

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";
import { format, resolveConfig } from "prettier";
import ts from "typescript";

/** The generated file. */
export const FILE = fileURLToPath(new URL("src/client/schema.ts", import.meta.url));

const HEAD = `// The types of requests and answers, generated from sdk/contract/openapi.json by \`npm run types\`. Not to be edited.

`;

/** The text of the generated file. */
export async function generate() {
  const text = await readFile(new URL("../contract/openapi.json", import.meta.url), "utf8");
  const types = await openapiTS(used(JSON.parse(text)), {
    defaultNonNullable: false,
    inject: 'import type { JsonObject } from "../wire/json.js";\n',
    transform: (schema) =>
      isAnyObject(schema) ? ts.factory.createTypeReferenceNode("JsonObject") : undefined,
  });
  const options = await resolveConfig(FILE);
  return format(HEAD + astToString(types), { ...options, filepath: FILE });
}

/** The part of the document that the client uses: the schemas, and the parameters of queries. */
function used({ openapi, info, paths, components }) {
  const parameters = ({ operationId, parameters = [] }) => ({
    operationId,
    parameters: parameters.filter((parameter) => parameter.in === "query"),
    responses: {},
  });
  const mapped = (object, map) =>
    Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
  return {
    openapi,
    info,
    paths: mapped(paths, (item) => mapped(item, parameters)),
    components: { schemas: components.schemas },
  };
}

/** Whether a schema is any JSON object. */
function isAnyObject(schema) {
  return schema.type === "object" && schema.properties === undefined && schema.additionalProperties === true;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(FILE, await generate());
