// What the reviewer decided for each field, with undo, and as the lines of a file.

class Decisions {
  constructor() {
    this.made = new Map();
    this.history = [];
    this.saved = 0;
    this.changes = 0;
  }

  get(field) {
    return this.made.get(field.index) ?? null;
  }

  /** The value of a field as JSON: the corrected one, else its own. */
  value(field) {
    return this.get(field)?.value ?? field.value;
  }

  /** The places of a field: the one that the reviewer chose, else its own. */
  spans(field) {
    const decision = this.get(field);
    if (!decision?.place) return field.spans;
    return [{ ...decision.place, page: null, boxes: [], cell: null }];
  }

  accept(field) {
    this.#set(field, { value: null, place: null, ...this.get(field) });
  }

  edit(field, value, place = this.get(field)?.place ?? null) {
    this.#set(field, { value: value === field.value ? null : value, place });
  }

  anchor(field, place) {
    this.#set(field, { value: this.get(field)?.value ?? null, place });
  }

  #set(field, decision) {
    this.history.push([field, this.get(field)]);
    this.made.set(field.index, decision);
    this.changes++;
  }

  /** Takes back the last decision; returns its field, or null if there is none. */
  undo() {
    const last = this.history.pop();
    if (!last) return null;
    const [field, before] = last;
    if (before) this.made.set(field.index, before); else this.made.delete(field.index);
    this.changes++;
    return field;
  }

  action(field) {
    const decision = this.get(field);
    if (!decision) return null;
    if (decision.value !== null) return "edit";
    return decision.place ? "anchor" : "accept";
  }

  get isUnsaved() {
    return this.saved !== this.changes;
  }

  /** JSON Lines, one for each decision. Values are copied as text, since numbers may be large. */
  lines(fields) {
    return fields.filter((field) => this.get(field)).map((field) => this.#line(field)).join("");
  }

  #line(field) {
    const spans = this.spans(field);
    const start = spans.length ? spans[0].start : null;
    const end = spans.length ? spans[spans.length - 1].end : null;
    const json = JSON.stringify;
    return `{"source": ${json(field.row.source.name)}, "row": ${field.row.position}, `
      + `"pointer": ${json(field.pointer)}, "action": ${json(this.action(field))}, `
      + `"old": ${field.value}, "new": ${this.value(field)}, "start": ${start}, "end": ${end}}\n`;
  }
}
