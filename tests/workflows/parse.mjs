// Reads workflows with GitHub's own parser: node parse.mjs NODE_MODULES FILE... prints {FILE: [what it finds wrong]}.
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

// The package imports its schema as JSON without saying so, as bundlers allow and Node.js does not.
registerHooks({
  load: (url, context, next) =>
    next(url, url.endsWith(".json") ? { ...context, importAttributes: { type: "json" } } : context),
});

const [modules, ...files] = process.argv.slice(2);
const { NoOperationTraceWriter, convertWorkflowTemplate, parseWorkflow } = await import(
  pathToFileURL(`${modules}/@actions/workflow-parser/dist/index.js`)
);

const found = {};
for (const name of files) {
  const { context, value } = parseWorkflow(
    { name, content: readFileSync(name, "utf8") },
    new NoOperationTraceWriter(),
  );
  // The conversion checks what the grammar leaves open: needs, expressions, events. It reports into the same context.
  if (value) await convertWorkflowTemplate(context, value);
  found[name] = context.errors.getErrors().map((error) => error.message);
}
console.log(JSON.stringify(found));
