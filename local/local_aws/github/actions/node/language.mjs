// GitHub's own workflow parser and expression evaluator, a line of JSON in and a line of JSON out.
//
//   {parse: {name, text}}                                   -> {errors: [...], workflow}
//   {evaluate: {expression, contexts, status}}              -> {value, text, truth}, or {error}
//   -> {hash: [pattern, ...]}, answered by {hashed: TEXT}   while an expression calls hashFiles
//
// In a workflow an expression is {"${{": TEXT}; conditions are text, with success() where they name no status.
import { readSync, writeSync } from "node:fs";
import * as modules from "node:module";

const asJson = (url, context, next) =>
  next(url, url.endsWith(".json") ? { ...context, importAttributes: { type: "json" } } : context);
// The parser imports its schema as JSON without saying so, as bundlers allow and Node.js does not.
if (modules.registerHooks) modules.registerHooks({ load: asJson });
else modules.register(`data:text/javascript,export const load = async ${encodeURIComponent(asJson)}`);

const { Evaluator, Lexer, Parser, data } = await import("@actions/expressions");
const { TokenType } = await import("@actions/expressions/lexer");
const { NoOperationTraceWriter, convertWorkflowTemplate, parseWorkflow } = await import("@actions/workflow-parser");
const { YamlObjectReader } = await import("@actions/workflow-parser/workflows/yaml-object-reader");
const { BasicExpressionToken, InsertExpressionToken, MappingToken, NullToken, SequenceToken, StringToken } =
  await import("@actions/workflow-parser/templates/tokens/index");

// An editor wants the text of a block scalar as it stands in the file; a run wants its value.
const literal = YamlObjectReader.getLiteralToken;
YamlObjectReader.getLiteralToken = (file, range, node) => {
  const token = literal(file, range, node);
  const start = range && { start: range.start, end: range.start };
  return token instanceof StringToken ? new StringToken(file, start, token.value, undefined) : token;
};

const plain = (token) => {
  if (token instanceof InsertExpressionToken) throw new Error("${{ insert }} is not known to this runner");
  if (token instanceof BasicExpressionToken) return { "${{": token.expression };
  if (token instanceof SequenceToken) return [...token].map(plain);
  if (token instanceof MappingToken) {
    return Object.fromEntries([...token].map(({ key, value }) => [key.toString(), plain(value)]));
  }
  return token instanceof NullToken ? null : token.value;
};

const parse = async ({ name, text }) => {
  const { context, value } = parseWorkflow({ name, content: text }, new NoOperationTraceWriter());
  // The conversion checks what the grammar leaves open: needs, expressions, events. It reports into the same context.
  const template = value && (await convertWorkflowTemplate(context, value));
  const errors = context.errors.getErrors().map((error) => error.message);
  if (errors.length) return { errors };
  const workflow = plain(value);
  workflow.on = template.events;
  for (const job of template.jobs) {
    workflow.jobs[job.id.value].if = job.if.expression;
    (job.steps ?? []).forEach((step, index) => {
      Object.assign(workflow.jobs[job.id.value].steps[index], { if: step.if?.expression, id: step.id });
    });
  }
  return { errors, workflow };
};

const truth = (value) => {
  switch (value.kind) {
    case data.Kind.Null:
      return false;
    case data.Kind.Boolean:
      return value.value;
    case data.Kind.Number:
      return value.number() !== 0 && !Number.isNaN(value.number());
    case data.Kind.String:
      return value.coerceString() !== "";
    default:
      return true;
  }
};

const evaluate = ({ expression, contexts, status }) => {
  const functions = ["success", "failure", "cancelled", "always"].map((name) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(name === "always" || status[name]),
  }));
  functions.push({
    name: "hashfiles",
    minArgs: 1,
    maxArgs: 255,
    call: (...patterns) => {
      write({ hash: patterns.map((each) => each.coerceString()) });
      return new data.StringData(read().hashed);
    },
  });
  const { tokens } = new Lexer(expression).lex();
  // The lexer undoubles the first quote of a string only.
  const strings = tokens.filter(({ type }) => type === TokenType.STRING);
  for (const token of strings) token.value = token.lexeme.slice(1, -1).replaceAll("''", "'");
  const tree = new Parser(tokens, Object.keys(contexts), functions).parse();
  const values = JSON.parse(JSON.stringify(contexts), data.reviver);
  const result = new Evaluator(tree, values, new Map(functions.map((each) => [each.name, each]))).evaluate();
  return {
    value: JSON.parse(JSON.stringify(result, data.replacer)),
    text: result.coerceString(),
    truth: truth(result),
  };
};

const chunk = Buffer.alloc(65536);
let unread = Buffer.alloc(0);

function read() {
  for (;;) {
    const end = unread.indexOf(10);
    if (end >= 0) {
      const line = unread.subarray(0, end).toString();
      unread = unread.subarray(end + 1);
      return JSON.parse(line);
    }
    const count = readSync(0, chunk);
    if (count === 0) process.exit(0);
    unread = Buffer.concat([unread, chunk.subarray(0, count)]);
  }
}

function write(answer) {
  let text = Buffer.from(`${JSON.stringify(answer)}\n`);
  while (text.length) text = text.subarray(writeSync(1, text));
}

for (;;) {
  const asked = read();
  try {
    write(asked.parse ? await parse(asked.parse) : evaluate(asked.evaluate));
  } catch (error) {
    write({ error: error.message });
  }
}
