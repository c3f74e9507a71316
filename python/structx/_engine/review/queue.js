// The queue: the fields that pass the filters, the greatest risk first. Only the lines in view exist.

const LINE = 46;
const BEYOND = 8;

class Queue {
  constructor(model, decisions, { onPick }) {
    this.model = model;
    this.decisions = decisions;
    this.onPick = onPick;
    this.hidden = new Set(["empty"]);
    this.isOpenOnly = false;
    this.words = "";
    this.source = null;
    this.fields = [];
    this.position = new Map();
    this.current = null;
    this.root = document.getElementById("queue");
    this.list = document.getElementById("queue-lines");
    this.root.addEventListener("scroll", () => this.#draw(), { passive: true });
    new ResizeObserver(() => this.#draw()).observe(this.root);
    this.list.addEventListener("click", (event) => {
      const line = event.target.closest("[data-position]");
      if (line) onPick(this.fields[Number(line.dataset.position)]);
    });
    this.#buildFilters();
    this.filter();
  }

  /** Applies the filters. A decided field that is left out stays until the filters change. */
  filter() {
    const words = this.words.toLowerCase();
    this.fields = this.model.fields.filter((field) =>
      !this.hidden.has(field.status)
      && (this.source === null || field.row.source.index === this.source)
      && !(this.isOpenOnly && this.decisions.get(field))
      && (!words || `${field.pointer} ${shown(this.decisions.value(field))}`.toLowerCase().includes(words)));
    this.fields.sort((one, other) => RISK[one.status] - RISK[other.status] || one.index - other.index);
    this.position = new Map(this.fields.map((field, index) => [field, index]));
    this.list.style.height = `${this.fields.length * LINE}px`;
    document.getElementById("queue-count").textContent =
      `${counted(this.fields.length, "value")} of ${this.model.fields.length.toLocaleString("en")}`;
    document.getElementById("queue-empty").hidden = this.fields.length > 0;
    this.#draw();
  }

  /** The field that is so many lines after the current one; null beyond the ends. */
  near(steps) {
    const at = this.position.get(this.current);
    if (at === undefined) return this.fields[0] ?? null;
    return this.fields[at + steps] ?? null;
  }

  /** The next field without a decision after the current one, else before it. */
  nextOpen() {
    const at = this.position.get(this.current) ?? -1;
    const isOpen = (field) => !this.decisions.get(field);
    return this.fields.slice(at + 1).find(isOpen) ?? this.fields.slice(0, Math.max(at, 0)).find(isOpen) ?? null;
  }

  show(field) {
    this.current = field;
    const at = this.position.get(field);
    if (at !== undefined) {
      const top = at * LINE, { scrollTop, clientHeight } = this.root;
      if (top < scrollTop) this.root.scrollTop = top;
      else if (top + LINE > scrollTop + clientHeight) this.root.scrollTop = top + LINE - clientHeight;
    }
    this.#draw();
  }

  /** Draws the lines again, whose decisions have changed. */
  update() {
    this.#draw();
  }

  #draw() {
    const first = Math.max(0, Math.floor(this.root.scrollTop / LINE) - BEYOND);
    const last = Math.min(this.fields.length, Math.ceil((this.root.scrollTop + this.root.clientHeight) / LINE) + BEYOND);
    const lines = [];
    for (let position = first; position < last; position++) lines.push(this.#line(position));
    this.list.replaceChildren(...lines);
    const at = this.position.get(this.current);
    if (at >= first && at < last) this.list.setAttribute("aria-activedescendant", `line-${at}`);
    else this.list.removeAttribute("aria-activedescendant");
  }

  #line(position) {
    const field = this.fields[position];
    const action = this.decisions.action(field);
    const line = element(
      "div",
      {
        role: "option",
        id: `line-${position}`,
        class: action ? "decided" : "",
        "aria-selected": field === this.current ? "true" : "false",
        "aria-posinset": position + 1,
        "aria-setsize": this.fields.length,
        "data-position": position,
      },
      badge(field.status),
      element("span", { class: "name" }, nameOf(field)),
      tick(action) ?? element("span"),
      element("span", { class: "value", dir: "auto" }, cut(shown(this.decisions.value(field)), 120)),
      element("span", { class: "where" }, whereOf(this.model, field)),
    );
    line.style.top = `${position * LINE}px`;
    return line;
  }

  #buildFilters() {
    const counts = {};
    for (const { status } of this.model.fields) counts[status] = (counts[status] ?? 0) + 1;
    const chips = Object.keys(STATUSES).filter((status) => counts[status]).map((status) => {
      const chip = element(
        "button", { type: "button", class: "chip", "aria-pressed": String(!this.hidden.has(status)) },
        badge(status, true), element("span", { class: "count" }, counts[status].toLocaleString("en")));
      chip.addEventListener("click", () => {
        if (!this.hidden.delete(status)) this.hidden.add(status);
        chip.setAttribute("aria-pressed", String(!this.hidden.has(status)));
        this.filter();
      });
      return chip;
    });
    document.getElementById("chips").append(...chips);
    const open = document.getElementById("open-only");
    open.addEventListener("change", () => { this.isOpenOnly = open.checked; this.filter(); });
    const search = document.getElementById("search");
    search.addEventListener("input", () => { this.words = search.value.trim(); this.filter(); });
    const sources = document.getElementById("sources");
    sources.hidden = this.model.sources.length < 2;
    sources.append(...this.model.sources.map((source) => element("option", { value: source.index }, source.name)));
    sources.addEventListener("change", () => {
      this.source = sources.value === "" ? null : Number(sources.value);
      this.filter();
    });
  }
}
