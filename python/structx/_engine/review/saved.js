// Takes corrections that were saved before, as decisions.

/** Applies the lines of a file; returns how many fit, and what does not, in words. */
function takeSaved(model, decisions, text) {
  const fields = new Map();
  for (const field of model.fields) {
    const key = keyOf(field.row, field.pointer, field.spans);
    // Two sources may have one name.
    fields.set(key, fields.has(key) ? null : field);
  }
  const problems = [];
  let taken = 0;
  for (const [index, line] of text.split("\n").entries()) {
    if (!line.trim()) continue;
    const problem = takeLine(model, decisions, fields, line);
    if (problem) problems.push(`Line ${index + 1} of the file ${problem}.`); else taken++;
  }
  return { taken, problems };
}

/** What a field is known by: entries of the queue without a pointer by their place. */
function keyOf(row, pointer, spans) {
  const place = pointer ? "" : JSON.stringify(endsOf(spans));
  return JSON.stringify([row.source.name, row.position, pointer, place]);
}

/** Start and end of all spans together; nulls without one. */
function endsOf(spans) {
  return spans.length ? [spans[0].start, spans[spans.length - 1].end] : [null, null];
}

function takeLine(model, decisions, fields, line) {
  const raw = readLine(line);
  if (!raw) return "is no correction of a review page";
  const row = { source: { name: raw.source }, position: raw.row };
  const field = fields.get(keyOf(row, raw.pointer, [raw]));
  if (field === null) return "is for a value that this page has twice";
  if (!field) return "is for a value that this page does not have";
  if (raw.old !== field.value && !isSameJson(raw.old, field.value)) return "is for another value than this page has";
  const isEdit = raw.action === "edit";
  if (isEdit && !isEditable(field)) return "changes a value that can't be changed";
  const problem = isEdit ? problemOf(schemasOf(field), raw.new) : "";
  if (problem) return `has a value that ${problem}`;
  const [start, end] = endsOf(field.spans);
  const isElsewhere = raw.start !== null && (raw.start !== start || raw.end !== end);
  const place = isElsewhere ? placeIn(field.row, raw.start, raw.end) : null;
  if (isElsewhere && !place) return "is for a place that this page does not have";
  if (isEdit) decisions.edit(field, raw.new, place);
  else if (place) decisions.anchor(field, place);
  else decisions.accept(field);
  return "";
}

/** A line with its values as JSON, in their own digits where the browser tells them. Null for others. */
function readLine(line) {
  const digits = {};
  let read;
  try {
    read = JSON.parse(line, (name, value, context) => {
      if (context?.source && (name === "old" || name === "new")) digits[name] = context.source;
      return value;
    });
  } catch {
    return null;
  }
  const isOne = read && typeof read === "object" && typeof read.source === "string"
    && Number.isInteger(read.row) && typeof read.pointer === "string" && "old" in read && "new" in read
    && ["accept", "edit", "anchor"].includes(read.action)
    && [read.start, read.end].every((it) => it === null || Number.isInteger(it));
  if (!isOne) return null;
  const json = (name) => (read[name] === null || typeof read[name] !== "object" ? digits[name] : null)
    ?? JSON.stringify(read[name]);
  return { ...read, old: json("old"), new: json("new") };
}

function isSameJson(one, other) {
  return JSON.stringify(JSON.parse(one)) === JSON.stringify(JSON.parse(other));
}

/** A place in the text of a row; null if its pages do not have it. */
function placeIn(row, start, end) {
  const parts = row.pages.filter((page) => page.start < end && start < page.end).map((page) =>
    page.text.slice(page.offsets.unit(start - page.start), page.offsets.unit(end - page.start)));
  return parts.length ? { start, end, text: parts.join("") } : null;
}
