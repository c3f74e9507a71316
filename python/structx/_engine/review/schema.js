// Checks a new value by the JSON Schema of its item: types, enum, const, limits, pattern and the
// formats below. Not checked: `not`, conditions, rules between values, and validators of the program.

/** References and choices within each other, and in all; beyond these nothing is checked. Chosen by hand. */
const MOST_DEPTH = 32;
const MOST_STEPS = 2000;
const MOST_ALTERNATIVES = 64;

const FORMATS = {
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && isDate(text),
  time: (text) => /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/i.test(text),
  "date-time": (text) =>
    /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/i.test(text)
    && isDate(text.slice(0, 10)),
  email: (text) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text),
  uuid: (text) => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text),
  uri: (text) => /^[a-z][a-z\d+.-]*:\S+$/i.test(text),
};

function isDate(text) {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** The alternatives for a value at this path of an item: of one, all schemas hold. None if the schema
 * does not say. */
function schemasAt(root, path) {
  const steps = { left: MOST_STEPS };
  let found = alternatives(root, root, steps);
  for (const token of path) {
    found = found.map((schemas) => schemas.flatMap((schema) => children(schema, token)))
      .filter((schemas) => schemas.length)
      .flatMap((schemas) => together(schemas.map((schema) => alternatives(root, schema, steps))));
  }
  return found;
}

/** A schema without references and choices: an alternative for each choice. */
function alternatives(root, schema, steps, depth = MOST_DEPTH) {
  if (!schema || typeof schema !== "object" || !depth || steps.left-- <= 0) return [[]];
  const { $ref, allOf, anyOf, oneOf, ...own } = schema;
  const of = (part) => alternatives(root, part, steps, depth - 1);
  return together([
    [[own]],
    ...[...($ref ? [target(root, $ref)] : []), ...(allOf ?? [])].map(of),
    ...[anyOf, oneOf].filter(Boolean).map((choices) => choices.flatMap(of)),
  ]);
}

/** The combinations of one alternative of each list; what would make too many is left out. */
function together(lists) {
  return lists.reduce((found, list) => {
    if (found.length * list.length > MOST_ALTERNATIVES) return found;
    return found.flatMap((one) => list.map((other) => [...one, ...other]));
  }, [[]]);
}

function children(schema, token) {
  const found = [];
  if (Object.hasOwn(schema.properties ?? {}, token)) found.push(schema.properties[token]);
  else if (typeof schema.additionalProperties === "object") found.push(schema.additionalProperties);
  if (/^\d+$/.test(token)) {
    const places = schema.prefixItems ?? [];
    if (places[Number(token)]) found.push(places[Number(token)]);
    else if (schema.items) found.push(schema.items);
  }
  return found;
}

function target(root, reference) {
  if (!reference.startsWith("#")) return null;
  let part = root;
  for (const token of pathOf(decodeURIComponent(reference.slice(1)))) {
    if (!part || typeof part !== "object" || !Object.hasOwn(part, token)) return null;
    part = part[token];
  }
  return part;
}

/** What is wrong with a new value, given as JSON, by its alternatives; empty if nothing is. */
function problemOf(found, json) {
  if (!found.length) return "";
  const value = JSON.parse(json);
  const problems = found.map((schemas) =>
    schemas.map((schema) => problem(schema, value, json)).find(Boolean) ?? "");
  if (problems.includes("")) return "";
  // The problem of an alternative of its own type says most.
  const near = problems.find((_, index) => haveType(found[index], value, json));
  return near ?? [...new Set(problems)].join(", or ");
}

function haveType(schemas, value, json) {
  return schemas.every((schema) => hasType(schema, value, json));
}

function problem(schema, value, json) {
  if (!hasType(schema, value, json)) return `must be ${[schema.type].flat().join(" or ")}`;
  if (schema.enum && !schema.enum.some((one) => isSame(one, value))) {
    return `must be one of ${schema.enum.map((one) => JSON.stringify(one)).join(", ")}`;
  }
  if ("const" in schema && !isSame(schema.const, value)) {
    return `must be ${JSON.stringify(schema.const)}`;
  }
  if (typeof value === "string") return problemOfText(schema, value);
  if (typeof value === "number") return problemOfNumber(schema, value);
  return "";
}

function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

function hasType(schema, value, json) {
  const types = [schema.type ?? []].flat();
  const is = {
    string: typeof value === "string",
    number: typeof value === "number",
    integer: typeof value === "number" && (Number.isInteger(value) || /^-?\d+$/.test(json)),
    boolean: typeof value === "boolean",
    null: value === null,
    array: Array.isArray(value),
    object: value !== null && typeof value === "object" && !Array.isArray(value),
  };
  return !types.length || types.some((type) => is[type]);
}

function problemOfText(schema, text) {
  const length = countPoints(text);
  if (length < (schema.minLength ?? 0)) return `must have ${counted(schema.minLength, "character")} or more`;
  if (length > (schema.maxLength ?? Infinity)) return `must have at most ${counted(schema.maxLength, "character")}`;
  const pattern = patternOf(schema);
  if (pattern && !pattern.test(text)) return `must match ${schema.pattern}`;
  const isFormat = Object.hasOwn(FORMATS, schema.format ?? "") ? FORMATS[schema.format] : null;
  return isFormat && !isFormat(text) ? `must be a ${schema.format}` : "";
}

/** The pattern of a schema; null if JavaScript does not know it, and so can't check it. */
function patternOf(schema) {
  if (!schema.pattern) return null;
  for (const flags of ["u", ""]) {
    try {
      return new RegExp(schema.pattern, flags);
    } catch {
      // Other libraries know other escapes; without "u" JavaScript takes unknown ones as they are.
    }
  }
  return null;
}

function problemOfNumber(schema, value) {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (minimum !== undefined && value < minimum) return `must be at least ${minimum}`;
  if (maximum !== undefined && value > maximum) return `must be at most ${maximum}`;
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) return `must be more than ${exclusiveMinimum}`;
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) return `must be less than ${exclusiveMaximum}`;
  if (multipleOf) {
    const steps = value / multipleOf;
    if (Math.abs(steps - Math.round(steps)) > 1e-9 * Math.max(1, Math.abs(steps))) {
      return `must be a multiple of ${multipleOf}`;
    }
  }
  return "";
}

/** What a person typed, as JSON: a text, unless only another type fits. Null if no type fits. */
function typed(found, text, oldJson) {
  const types = new Set(found.flat().flatMap((schema) => [schema.type ?? typesOf(schema)].flat()));
  if (!types.size) types.add(typeof JSON.parse(oldJson) === "number" ? "number" : "string");
  const trimmed = text.trim();
  const isNumber = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(trimmed);
  const wasText = oldJson.startsWith('"');
  if ((types.has("number") || types.has("integer")) && isNumber && !(wasText && types.has("string"))) {
    return trimmed;
  }
  if (types.has("boolean") && /^(true|false)$/.test(trimmed)) return trimmed;
  if (types.has("string")) return JSON.stringify(text);
  return null;
}

function typesOf(schema) {
  const values = schema.enum ?? ("const" in schema ? [schema.const] : []);
  return values.map((value) => (value === null ? "null" : typeof value));
}
