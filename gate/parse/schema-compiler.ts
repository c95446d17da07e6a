import ajvModule from "ajv/dist/2020.js";
import formatsModule from "ajv-formats";
import { areUnique } from "./unique-items.ts";

/** The compiler of schemas. In the bundle it is a file of its own, which only a document that does not fit loads. */
export function createCompiler() {
  // Both are CommonJS; what `default` is depends on who loads them.
  const Ajv2020 = ajvModule.default ?? ajvModule;
  const addFormats = formatsModule.default ?? formatsModule;
  const instance = new Ajv2020({
    allErrors: true,
    verbose: true,
    strict: true,
    allowUnionTypes: true,
    // `anyOf: [{ required: [a] }, { required: [b] }]` names keys that the parent defines.
    strictRequired: false,
    // Optimizing takes as long as all the rest of compiling, and a short run checks each schema once.
    code: { optimize: false },
    // Compiling the meta-schema takes longer than all else here; a test holds our schemas to it.
    validateSchema: false,
    addUsedSchema: false,
    logger: false,
  });
  addFormats(instance);
  instance.removeKeyword("uniqueItems");
  instance.addKeyword({
    keyword: "uniqueItems",
    type: "array",
    schemaType: "boolean",
    validate: (unique: boolean, items: readonly unknown[]) => !unique || areUnique(items),
  });
  return instance;
}
