// Evaluates expressions as GitHub does: node evaluate.mjs NODE_MODULES < [{expression, contexts}], prints a list of booleans.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { Evaluator, Lexer, Parser, data } = await import(
  pathToFileURL(`${process.argv[2]}/@actions/expressions/dist/index.js`)
);

const isTrue = ({ expression, contexts }) => {
  const { tokens } = new Lexer(expression).lex();
  const tree = new Parser(tokens, Object.keys(contexts), []).parse();
  const values = JSON.parse(JSON.stringify(contexts), data.reviver);
  const result = new Evaluator(tree, values).evaluate();
  return !["", "0", "false", "null"].includes(result.coerceString());
};

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(isTrue)));
