// The current field: its value, what the source says, and the form to correct it.

class Detail {
  constructor(model, decisions, actions) {
    this.model = model;
    this.decisions = decisions;
    this.actions = actions;
    this.field = null;
    this.selected = null;
    this.root = document.getElementById("detail");
    this.form = document.getElementById("edit");
    this.problem = document.getElementById("problem");
    this.input = null;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    document.getElementById("cancel").addEventListener("click", () => this.close());
    document.getElementById("take").addEventListener("click", () => this.take());
  }

  get isEditing() {
    return !this.form.hidden;
  }

  show(field) {
    if (field !== this.field) this.close();
    this.field = field;
    const { decisions } = this;
    const decision = decisions.get(field);
    const own = shown(field.value), value = shown(decisions.value(field));
    const [, , meaning] = STATUSES[field.status];
    const schemas = this.#schemas();
    const description = schemas.flat().find((schema) => schema.description)?.description;
    const lines = [
      ["Status", element("span", {}, badge(field.status, true), ` ${meaning}`)],
      ["Source", this.#source(field, decision)],
      // That of a fuzzy place, or of a text that was recognised (OCR).
      field.score > 0 && field.score < 1 && !decision?.place
        ? ["Score", `${field.score.toFixed(2)} of 1`] : null,
      field.reply === null ? null : ["Reply", shown(field.reply)],
      decision?.value !== null && decision ? ["Was", own] : null,
      isEditable(field) || field.title ? null
        : ["Note", "Only in the reply: the model class renames it or leaves it out."],
      description ? ["Meaning", cut(description, 300)] : null,
    ].filter(Boolean);
    document.getElementById("detail-name").textContent = nameOf(field);
    document.getElementById("detail-where").textContent = whereOf(this.model, field);
    document.getElementById("detail-value").textContent = cut(value, 2000);
    document.getElementById("detail-lines").replaceChildren(...lines.flatMap(([name, text]) => [
      element("dt", {}, name), element("dd", { dir: "auto" }, text),
    ]));
    document.getElementById("do-edit").disabled = !isEditable(field);
    document.getElementById("do-accept").setAttribute("aria-pressed", String(decision !== null));
    this.#showSelection();
  }

  #source(field, decision) {
    const spans = this.decisions.spans(field);
    if (!spans.length) return "no place";
    const page = field.pages[0];
    const [{ cell }] = spans;
    const text = decision?.place ? decision.place.text : field.text;
    const where = [
      page?.label,
      cell ? cellName(cell) : "",
      field.occurrences > 1 && !decision?.place ? `one of ${counted(field.occurrences, "place")}` : "",
    ].filter(Boolean).join(" · ");
    return `“${cut(text, 300)}” ${where ? `(${where})` : ""}`;
  }

  /** Opens the form to correct the value. */
  edit() {
    if (!this.field || !isEditable(this.field)) return;
    const json = this.decisions.value(this.field);
    this.input = this.#input(json);
    document.getElementById("edit-input").replaceChildren(this.input);
    const canBeNull = this.#schemas().some((schemas) =>
      haveType(schemas, null, "null") && schemas.some((schema) => schema.type));
    document.getElementById("null-line").hidden = !canBeNull;
    document.getElementById("is-null").checked = json === "null";
    this.problem.textContent = "";
    this.form.hidden = false;
    this.actions.moved();
    this.input.focus();
    this.input.select?.();
  }

  close() {
    if (this.form.hidden) return;
    this.form.hidden = true;
    this.place = null;
    this.actions.focus();
  }

  #schemas() {
    return schemasOf(this.field);
  }

  /** A list of choices where the schema has one, else a box for text. */
  #input(json) {
    const found = this.#schemas();
    const choices = found.flat().flatMap((schema) =>
      schema.enum ?? ("const" in schema ? [schema.const] : schema.type === "boolean" ? [true, false] : []));
    const isChoice = choices.length > 0 && found.every((schemas) => schemas.some((schema) =>
      schema.enum || "const" in schema || ["boolean", "null"].includes(schema.type)));
    if (isChoice) {
      const options = choices.filter((one) => one !== null).map((one) => JSON.stringify(one));
      const select = element("select", { "aria-label": "New value" }, ...[...new Set(options)].map((one) =>
        element("option", { value: one, selected: one === json }, shown(one))));
      return select;
    }
    const text = json === "null" ? "" : shown(json);
    const input = element("textarea", { rows: 1 + Math.min(5, Math.floor(text.length / 40)), "aria-label": "New value", dir: "auto", spellcheck: "false" });
    input.value = text;
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.#submit();
      }
    });
    return input;
  }

  #submit() {
    const schemas = this.#schemas();
    const isNull = document.getElementById("is-null").checked && !document.getElementById("null-line").hidden;
    const json = isNull ? "null" : this.input.tagName === "SELECT"
      ? this.input.value : typed(schemas, this.input.value, this.field.value);
    const wrong = json === null ? this.#wrongType(schemas) : problemOf(schemas, json);
    this.problem.textContent = wrong ? `The value ${wrong}.` : "";
    this.input.setAttribute("aria-invalid", String(Boolean(wrong)));
    if (wrong) return;
    const place = this.place ?? undefined;
    this.close();
    this.actions.edit(this.field, json, place);
  }

  #wrongType(schemas) {
    const types = [...new Set(schemas.flat().flatMap((schema) => [schema.type ?? []].flat()))];
    return `must be ${types.join(" or ") || "a number"}`;
  }

  /** Remembers what is selected in the document. */
  select(place) {
    this.selected = place;
    this.#showSelection();
  }

  #showSelection() {
    const isOfRow = this.selected !== null && this.selected.row === this.field?.row;
    const button = document.getElementById("take");
    button.disabled = !isOfRow;
    document.getElementById("selected").textContent = isOfRow ? `“${cut(this.selected.text, 80)}”` : "";
  }

  /** Takes the selected text as the place of the value and, while it is edited, as the value. */
  take() {
    const { selected, field } = this;
    if (!selected || selected.row !== field?.row || field.title) return;
    const place = { start: selected.start, end: selected.end, text: selected.text };
    if (!this.isEditing) {
      this.actions.anchor(field, place);
      return;
    }
    this.place = place;
    if (this.input.tagName === "TEXTAREA") this.input.value = selected.text.trim();
    this.input.focus();
  }
}

/** A cell of a workbook, of a table in a document, or of a row of a table. */
function cellName(cell) {
  if (cell.length === 2) return cell.join("!");
  const [, row, column] = cell;
  return typeof column === "string" ? column : `row ${row + 1}, column ${column + 1}`;
}
