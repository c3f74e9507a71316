// The data of the page: sources, rows, pages and fields, each with its number.

/** The statuses, the greatest risk first, with an icon and what they mean. */
const STATUSES = {
  failed: ["!", "failed", "The row failed: it has no values."],
  missing: ["✕", "missing", "The source does not say this."],
  ambiguous: ["?", "ambiguous", "Several places are as good, or one can be read in two ways."],
  fuzzy: ["≈", "fuzzy", "The source says it in nearly the same words."],
  uncited: ["+", "uncited", "The source states this, and no value cites it."],
  unverifiable: ["◌", "unverifiable", "Not in the text; the model also saw images."],
  unchecked: ["·", "unchecked", "No evidence was kept for this row."],
  computed: ["ƒ", "computed", "Not in the model's reply: a default or a validator made it."],
  inferred: ["∴", "inferred", "Not copied from the source, and it need not be."],
  normalized: ["≡", "normalized", "The source says the same in another spelling."],
  exact: ["=", "exact", "The source says it in the same characters."],
  empty: ["–", "empty", "No value."],
};
const RISK = Object.fromEntries(Object.keys(STATUSES).map((status, index) => [status, index]));

function readModel() {
  const model = { sources: [], rows: [], pages: [], fields: [] };
  const data = JSON.parse(document.getElementById("data").textContent);
  for (const source of data.sources) {
    const known = { ...source, index: model.sources.length, rows: [] };
    model.sources.push(known);
    for (const row of source.rows) known.rows.push(readRow(model, known, row));
  }
  return model;
}

function readRow(model, source, raw) {
  const row = { ...raw, index: model.rows.length, source, pages: [], fields: [] };
  model.rows.push(row);
  for (const page of raw.pages) row.pages.push(readPage(model, row, page));
  if (raw.error !== null) row.fields.push(readField(model, row, failure(raw)));
  for (const field of raw.fields) row.fields.push(readField(model, row, field));
  for (const field of row.fields) place(row, field, field.spans);
  row.items = new Set(row.fields.filter((field) => field.pointer).map((field) => field.path[0])).size;
  return row;
}

function readPage(model, row, raw) {
  const text = raw.text ?? "";
  const page = {
    ...raw,
    index: model.pages.length,
    row,
    text,
    isLeftOut: raw.text === null,
    offsets: new Offsets(text),
    end: raw.start + countPoints(text),
    marks: new Map(),
    showsText: raw.image === undefined,
  };
  model.pages.push(page);
  return page;
}

function readField(model, row, raw) {
  const spans = raw.spans.map(([start, end, page, boxes, cell]) => ({ start, end, page, boxes, cell }));
  const field = { ...raw, index: model.fields.length, row, path: pathOf(raw.pointer), spans };
  model.fields.push(field);
  return field;
}

/** A row without values as an entry of the queue. */
function failure(row) {
  return {
    pointer: "", value: JSON.stringify(row.error), status: "failed", score: 0, text: "",
    occurrences: 0, spans: [], reply: null, is_in_item: false, title: "row failed",
  };
}

/** Puts a field on the pages where its spans are, and on no others. Returns the changed pages. */
function place(row, field, spans) {
  const changed = new Set();
  for (const page of field.pages ?? []) {
    page.marks.delete(field.index);
    changed.add(page);
  }
  field.pages = [];
  for (const span of spans) {
    for (const page of pagesOf(row, span)) {
      if (!field.pages.includes(page)) field.pages.push(page);
      page.marks.set(field.index, spans);
      changed.add(page);
    }
  }
  return [...changed];
}

function pagesOf(row, span) {
  const { pages } = row;
  const found = [];
  const first = firstIndex(pages.length, (index) => pages[index].end > span.start);
  for (let index = first; index < pages.length && pages[index].start < span.end; index++) {
    found.push(pages[index]);
  }
  if (!found.length && span.page !== null) {
    found.push(...pages.filter((page) => page.number === span.page).slice(0, 1));
  }
  return found;
}

/** Whether a reviewer can give a field another value. */
function isEditable(field) {
  return field.is_in_item;
}

/** The schemas that the value of a field may have; none if the model does not say. */
function schemasOf({ row, pointer, path }) {
  return row.source.schema && pointer ? schemasAt(row.source.schema, path.slice(1)) : [];
}

/** The name of a field within its item: `lines[2].price`. */
function nameOf(field) {
  if (field.title) return field.title;
  const name = field.path.slice(1)
    .map((token, index) => (/^\d+$/.test(token) ? `[${token}]` : `${index ? "." : ""}${token}`)).join("");
  return name || "value";
}

/** Where a field is, where a page has several sources, rows or items. */
function whereOf(model, field) {
  const { row } = field;
  return [
    model.sources.length > 1 ? row.source.name : "",
    row.source.rows.length > 1 ? `row ${row.label}` : "",
    row.items > 1 && field.path.length ? `item ${Number(field.path[0]) + 1}` : "",
  ].filter(Boolean).join(" · ");
}
